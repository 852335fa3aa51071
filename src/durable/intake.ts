// The one front door for what people say: a screen, a webhook, an API call all come through here.
// Directory.admit says whether, where and who it is; Session.receive stores it, once per message id.
import type { TurnWishes } from "../contract/event.ts";
import type { Message } from "../contract/message.ts";
import type { DirectoryPort, Wanted } from "../contract/ports/directory.ts";
import type { Receipt, SessionPort } from "../contract/ports/session.ts";

export type Intake =
  | { outcome: "received"; sessionKey: string; agentId: string; receipt: Receipt }
  | { outcome: "pair"; code: string; reply?: string }
  | { outcome: "ignored"; reason: string; isOutdated?: true };

export interface IntakePorts {
  directory: Pick<DirectoryPort, "admit">;
  session(sessionKey: string): Pick<SessionPort, "receive">;
}

export async function intake(ports: IntakePorts, message: Message, wishes: TurnWishes, wanted: Wanted = {}): Promise<Intake> {
  const admission = await ports.directory.admit(message, wanted);
  switch (admission.outcome) {
    case "accept": {
      const { sessionKey, brief, sender } = admission;
      const known = { ...message, sender };
      const event = wanted.isNotice
        ? ({ kind: "notice", id: message.id, message: known } as const)
        : ({ kind: "message", id: message.id, message: known, wishes } as const);
      const receipt = await ports.session(sessionKey).receive(event, brief);
      return { outcome: "received", sessionKey, agentId: brief.agentId, receipt };
    }
    case "pair":
      return { outcome: "pair", code: admission.code, ...(admission.reply === undefined ? {} : { reply: admission.reply }) };
    case "ignore":
      return { outcome: "ignored", reason: admission.reason, ...(admission.isOutdated ? { isOutdated: true } : {}) };
    default:
      return admission satisfies never;
  }
}
