// Commands that wait for the owner's word: which, told wherever the side is and in the talk that waits. A question counts until
// it is answered or its time is up.
import type { EventFrame } from "../../contract/gateway.ts";
import type { ApprovalDecision } from "../../contract/home/approval.ts";
import type { ApprovalView } from "../../contract/home/approval-view.ts";
import { Signal } from "../state/signal.ts";
import type { Line } from "./courier.ts";

export class Questions extends Signal {
  readonly #line: Line;
  #open: readonly ApprovalView[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(line: Line) {
    super();
    this.#line = line;
  }

  /** Oldest first. */
  get open(): readonly ApprovalView[] {
    return this.#open;
  }

  inSession(key: string): readonly ApprovalView[] {
    return this.#open.filter(({ request }) => request.sessionKey === key);
  }

  /** Whoever may not approve is told of nothing. */
  async load(): Promise<void> {
    this.#open = await this.#line.request<ApprovalView[]>("exec.approval.list", {}, { isRepeatable: true });
    this.#settle();
  }

  async decide(id: string, decision: ApprovalDecision): Promise<void> {
    try {
      await this.#line.request("exec.approval.resolve", { id, decision });
    } finally {
      await this.load().catch(() => undefined);
    }
  }

  hear({ event, payload }: EventFrame): void {
    if (event !== "exec.approval.requested" && event !== "exec.approval.resolved") return;
    const told = payload as ApprovalView;
    const others = this.#open.filter(({ id }) => id !== told.id);
    this.#open = event === "exec.approval.requested" ? [...others, told] : others;
    this.#settle();
  }

  #settle = (): void => {
    clearTimeout(this.#timer);
    const now = Date.now();
    this.#open = this.#open.filter(({ expiresAtMs }) => expiresAtMs > now);
    if (this.#open.length > 0) {
      this.#timer = setTimeout(this.#settle, Math.min(...this.#open.map(({ expiresAtMs }) => expiresAtMs)) - now + 50);
    }
    this.tell();
  };
}
