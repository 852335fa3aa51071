// The device's keys as the library wants to read and write them, over this account's memory. What it writes in one go is there as one or
// not at all; `creds` is one object that lives as long as the line does.
import type { AuthenticationCreds, AuthenticationState, SignalDataSet, SignalDataTypeMap } from "@whiskeysockets/baileys";
import type { Library } from "./library.ts";
import type { WhatsAppMemory } from "./memory.ts";

const CREDS = "creds";

export interface DeviceKeys {
  state: AuthenticationState;
  save(): void;
  /** Of a link that is no more: a connection that still ends writes nothing. */
  retire(): void;
}

/** `isFresh`: a device that is not linked yet; what was kept of one before is gone. */
export function openKeys(library: Library, memory: WhatsAppMemory, isFresh = false): DeviceKeys {
  const { BufferJSON, initAuthCreds, proto } = library;
  const read = (text: string) => JSON.parse(text, BufferJSON.reviver);
  const write = (value: unknown) => JSON.stringify(value, BufferJSON.replacer);
  if (isFresh) memory.forgetAll();
  const kept = memory.secret(CREDS, "");
  let isRetired = false;
  const creds: AuthenticationCreds = kept === undefined ? initAuthCreds() : read(kept);
  const state: AuthenticationState = {
    creds,
    keys: {
      get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]): Record<string, SignalDataTypeMap[T]> {
        const found: Record<string, SignalDataTypeMap[T]> = {};
        for (const id of ids) {
          const text = memory.secret(type, id);
          if (text === undefined) continue;
          const value = read(text);
          found[id] = type === "app-state-sync-key" ? proto.Message.AppStateSyncKeyData.fromObject(value) : value;
        }
        return found;
      },
      set(data: SignalDataSet): void {
        if (isRetired) return;
        memory.putSecrets(
          Object.entries(data).flatMap(([kind, values]) =>
            Object.entries(values ?? {}).map(([id, value]) => ({ kind, id, body: value ? write(value) : null })),
          ),
        );
      },
    },
  };
  return {
    state,
    save: () => {
      if (!isRetired) memory.putSecrets([{ kind: CREDS, id: "", body: write(creds) }]);
    },
    retire: () => {
      isRetired = true;
    },
  };
}

/** Whether a phone has taken this device; one that only asked for a code is not linked. */
export function isLinked({ me, account }: AuthenticationCreds): boolean {
  return me !== undefined && account !== undefined && account !== null;
}
