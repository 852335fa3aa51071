// What the command line answers to its shell, and the sentence it says when something fails.
import { BridgeRefused, GatewayError, StartRefused, StateTooNew } from "../../contract/errors.ts";

export const EXIT = {
  ok: 0,
  /** The turn or command failed. */
  failed: 1,
  /** The command was not understood. */
  usage: 2,
  /** Nobody answers at the address. */
  unreachable: 3,
  /** Skerry does not let us in. */
  forbidden: 4,
  interrupted: 130,
} as const;

/** One sentence and a code; undefined for what is a fault of the program and deserves its stack. */
export function explainFailure(error: unknown, url: string | undefined): { text: string; code: number } | undefined {
  if (error instanceof BridgeRefused) {
    const isUsage = error.data.kind === "no-address" || error.data.kind === "bad-config";
    return { text: error.message, code: isUsage ? EXIT.usage : EXIT.failed };
  }
  if (error instanceof StartRefused || error instanceof StateTooNew) return { text: error.message, code: EXIT.failed };
  if (!(error instanceof GatewayError)) return undefined;
  const { code, message, details } = error.data;
  const isAuth = String(details?.["code"] ?? "").startsWith("AUTH_");
  if (isAuth || code === "NOT_PAIRED" || code === "FORBIDDEN") {
    const hint = isAuth ? " Check --token or SKERRY_TOKEN." : "";
    return { text: `${message}${hint}`, code: EXIT.forbidden };
  }
  if (code === "UNAVAILABLE") {
    const where = url ? ` (${url})` : "";
    return { text: `${message}${where} On this machine, npm start starts it.`, code: EXIT.unreachable };
  }
  return { text: message, code: code === "INVALID_REQUEST" ? EXIT.usage : EXIT.failed };
}
