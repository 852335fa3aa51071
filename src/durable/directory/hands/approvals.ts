// The owner's word on command lines: a row a question, decided once, by whoever is first. The call that waits is told until
// its session took it; screens are told when they can be. History is kept for thirty days. Decides nobody's right to answer:
// who asks here has proved it.
import type { Outcome } from "../../../contract/errors.ts";
import type { Event } from "../../../contract/event.ts";
import {
  type Approval,
  type ApprovalAnswer,
  type ApprovalDecision,
  type ApprovalRequest,
  type ApprovalsPort,
  type AskedApproval,
  approvalToken,
} from "../../../contract/home/approval.ts";
import { describeEnd, viewApproval } from "../../../contract/home/approval-view.ts";
import type { Address } from "../../../contract/message.ts";
import type { EventName } from "../../../contract/methods.ts";
import type { Sql } from "../../storage/sql.ts";
import { ApprovalRows } from "./approval-rows.ts";

/** More open questions would only teach to press a button without reading. */
const MOST_OPEN = 50;
const MOST_OPEN_OF_SESSION = 10;
const RETELL_MS = 5000;
const LONGEST_RETELL_MS = 600_000;
const LIST_LIMIT = 50;

export interface ApprovalsHost {
  now(): number;
  announce(event: EventName, payload: Record<string, unknown>): void;
  /** Brings the answer to the session that waits for it. */
  receive(sessionKey: string, event: Event): Promise<unknown>;
  /** The part wants to be called by the alarm then. */
  rearm(at: number): Promise<void>;
  /** Where the owner was heard last in private; undefined: nowhere that can be written to. */
  ownerAt(): Address | undefined;
  /** Whether the settings let questions go to chats. */
  goesToChats(): boolean;
  /** Keeps the object awake for it. */
  waitUntil(work: Promise<unknown>): void;
}

export class Approvals implements ApprovalsPort {
  readonly #rows: ApprovalRows;
  readonly #host: ApprovalsHost;
  readonly #telling = new Set<string>();

  constructor(sql: Sql, host: ApprovalsHost) {
    this.#rows = new ApprovalRows(sql);
    this.#host = host;
  }

  async askApproval(request: ApprovalRequest): Promise<AskedApproval> {
    const now = this.#host.now();
    const known = this.#rows.find(request.id);
    if (known) return this.#withWays(known);
    this.#rows.forgetOld(now);
    const open = this.#rows.open(now);
    const isTooMany =
      open.length >= MOST_OPEN || open.filter((one) => one.sessionKey === request.sessionKey).length >= MOST_OPEN_OF_SESSION;
    const asked = this.#rows.add(request, now);
    await this.#host.rearm(request.expiresAt);
    if (isTooMany) {
      const by = `Skerry (${open.length} questions wait for the owner already)`;
      return this.#withWays(await this.#settle(asked, { state: "decided", decision: "deny", by }));
    }
    this.#host.announce("exec.approval.requested", { ...viewApproval(asked) });
    return this.#withWays(asked);
  }

  async decideApproval(id: string, decision: ApprovalDecision, by: string): Promise<Outcome<Approval>> {
    const found = this.#rows.find(id) ?? this.#rows.findByCode(id);
    if (!found) {
      const message = "There is no such question; it may be more than thirty days old. `skerry approvals list` shows what waits.";
      return { ok: false, error: { code: "NOT_FOUND", message } };
    }
    const now = this.#host.now();
    if (found.state === "open" && found.expiresAt > now) {
      return { ok: true, value: await this.#settle(found, { state: "decided", decision, by }) };
    }
    const known = found.state === "open" ? await this.#settle(found, { state: "expired" }) : found;
    const { state, decision: decided } = known;
    const details = { code: "ALREADY_DECIDED", state, ...(decided ? { decision: decided } : {}) };
    return {
      ok: false,
      error: { code: "CONFLICT", message: `It is too late: the question was ${describeEnd(known)}.`, details },
    };
  }

  async withdrawApproval(id: string): Promise<void> {
    const found = this.#rows.find(id);
    if (found?.state === "open") await this.#settle(found, { state: "withdrawn" });
  }

  async approval(id: string): Promise<Approval | undefined> {
    await this.#expire();
    return this.#rows.find(id) ?? this.#rows.findByCode(id);
  }

  async approvals(limit = LIST_LIMIT): Promise<Approval[]> {
    await this.#expire();
    const now = this.#host.now();
    return [...this.#rows.open(now), ...this.#rows.past(now, limit)];
  }

  /** The alarm: what nobody answered ends, and what a session has not taken is told again. Answers when to come again. */
  async tick(): Promise<number | undefined> {
    this.#rows.forgetOld(this.#host.now());
    await this.#expire();
    await Promise.all(this.#rows.untold(this.#host.now()).map((approval) => this.#tell(approval)));
    return this.#rows.nextDueAt();
  }

  async #expire(): Promise<void> {
    for (const late of this.#rows.overdue(this.#host.now())) await this.#settle(late, { state: "expired" });
  }

  async #settle(
    approval: Approval,
    end: { state: "decided"; decision: ApprovalDecision; by: string } | { state: "expired" | "withdrawn" },
  ): Promise<Approval> {
    const now = this.#host.now();
    // Whoever withdrew it waits for no answer.
    const tellAt = end.state === "withdrawn" ? undefined : now + RETELL_MS;
    const settled = this.#rows.settle(approval.id, end, now, tellAt);
    this.#host.announce("exec.approval.resolved", { ...viewApproval(settled), ts: now });
    if (tellAt === undefined) return settled;
    // The alarm stands before the answer goes out: a restart in between only delays it.
    await this.#host.rearm(tellAt);
    this.#host.waitUntil(this.#tell(settled));
    return settled;
  }

  async #tell(approval: Approval): Promise<void> {
    const { id, sessionKey, callId, decision, by } = approval;
    if (this.#telling.has(id)) return;
    this.#telling.add(id);
    const payload: ApprovalAnswer = { decision: decision ?? "expired", ...(by === undefined ? {} : { by }) };
    const token = approvalToken(id);
    try {
      await this.#host.receive(sessionKey, { kind: "result", id: token, callId, text: "", isError: false, token, payload });
      this.#rows.markTold(id);
    } catch (error) {
      console.warn("an answer of the owner was not handed over yet, will be tried again", error);
      const now = this.#host.now();
      const tries = this.#rows.countTry(id);
      const nextAt = now + Math.min(LONGEST_RETELL_MS, RETELL_MS * 2 ** tries);
      this.#rows.tellAgainAt(id, nextAt);
      await this.#host.rearm(nextAt);
    } finally {
      this.#telling.delete(id);
    }
  }

  #withWays(approval: Approval): AskedApproval {
    const goesToChats = this.#host.goesToChats();
    const ownerAt = goesToChats ? this.#host.ownerAt() : undefined;
    return { ...approval, goesToChats, ...(ownerAt ? { ownerAt } : {}) };
  }
}
