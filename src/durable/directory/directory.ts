// Directory: who may, where to, when, settings. One for the deployment. A shell over its parts: it answers an
// admission fully and at once, and is told once when a turn has ended. It never stands inside a turn, never sees
// message history, never calls a model.
import { DurableObject } from "cloudflare:workers";
import type { Admission, Brief } from "../../contract/admission.ts";
import type { AdmissionNote, ChannelAccount, ChannelNote, ChannelState, WantedLine } from "../../contract/channels/channel.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { Approval, ApprovalDecision, ApprovalRequest, AskedApproval } from "../../contract/home/approval.ts";
import type { BrowserUse } from "../../contract/home/browser-settings.ts";
import type { SessionRow } from "../../contract/live.ts";
import { isAnsweredInPlace, type Message, textOf } from "../../contract/message.ts";
import type { PeopleChange, PeoplePort } from "../../contract/people.ts";
import type {
  DirectoryPort,
  DirectoryStorage,
  SessionListRequest,
  SettingsDocument,
  TurnReport,
  Wanted,
} from "../../contract/ports/directory.ts";
import type { RunState } from "../../contract/ports/session.ts";
import { formatSessionKey, parseSessionKey } from "../../contract/session-key.ts";
import type { Env } from "../env.ts";
import { gatewayOf } from "../stubs.ts";
import { announce } from "./announcing.ts";
import { listAgents } from "./briefs.ts";
import { DirectoryParts } from "./parts.ts";

const REPORT_PAUSE_MS = 15;

export class Directory extends DurableObject<Env> implements DirectoryPort {
  readonly #parts: DirectoryParts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#parts = new DirectoryParts(ctx, env);
  }

  async admit(message: Message, wanted: Wanted = {}): Promise<Admission> {
    const decision = await this.#parts.admissions.admit(message, wanted);
    if (decision.outcome !== "accept") return decision;
    const { sessionKey, agentId, sender, place, tools, commands, reason } = decision;
    // After the answer: whoever waits for it should not wait for the disk. Should it get lost, the turn's report brings it.
    const text = textOf(message.parts);
    this.#parts.writes.later(() => {
      if (this.#parts.sessions.begin(sessionKey, agentId, text, Date.now()))
        this.ctx.waitUntil(this.#parts.expiry.noteNew(sessionKey));
    }, 0);
    // Everybody with a way in by a screen or a program is the owner; not all of them speak the owner's word on commands.
    const isOwner = sender.isOwner && (!isAnsweredInPlace(message.from) || wanted.mayDecide === true);
    const writer = { from: message.from, senderId: sender.id, isOwner };
    const brief = { ...this.#parts.brief({ sessionKey, agentId }, place, tools, writer), ...(commands ? { commands } : {}) };
    return { outcome: "accept", sessionKey, brief, sender, reason };
  }

  async brief(sessionKey: string): Promise<Brief> {
    const parts = parseSessionKey(sessionKey);
    if (!parts) throw new Error(`"${sessionKey}" is no session key.`);
    const key = formatSessionKey(parts);
    const known = this.#parts.admissions.placeOf(key);
    return this.#parts.brief({ sessionKey: key, agentId: parts.agentId }, known?.place, known?.tools);
  }

  /** Reports that come close together are written together. */
  report(report: TurnReport): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#parts.writes.later(
        () => {
          this.#parts.sessions.put(report.session);
          this.#parts.usage.add(report);
        },
        REPORT_PAUSE_MS,
        { resolve, reject },
      );
    });
  }

  async noteSession(row: SessionRow): Promise<void> {
    this.#parts.writes.flush();
    this.#parts.sessions.put(row);
  }

  async forgetSession(sessionKey: string): Promise<void> {
    this.#parts.writes.flush();
    this.#parts.sessions.remove(sessionKey);
    this.#parts.accounts.waiting.forget(sessionKey);
  }

  async sessions(request: SessionListRequest): Promise<{ rows: SessionRow[]; total: number; programs: number }> {
    this.#parts.writes.flush();
    return { ...this.#parts.sessions.list(request, Date.now()), programs: this.#parts.sessions.countPrograms() };
  }

  /** Sessions that end by themselves, and questions that nobody answered. */
  override async alarm(): Promise<void> {
    const { writes, clock, expiry, approvals } = this.#parts;
    writes.flush();
    await clock.fire([() => expiry.run(), () => approvals.tick()]);
  }

  askApproval(request: ApprovalRequest): Promise<AskedApproval> {
    return this.#parts.approvals.askApproval(request);
  }

  decideApproval(id: string, decision: ApprovalDecision, by: string): Promise<Outcome<Approval>> {
    return this.#parts.approvals.decideApproval(id, decision, by);
  }

  withdrawApproval(id: string): Promise<void> {
    return this.#parts.approvals.withdrawApproval(id);
  }

  approval(id: string): Promise<Approval | undefined> {
    return this.#parts.approvals.approval(id);
  }

  approvals(limit?: number): Promise<Approval[]> {
    return this.#parts.approvals.approvals(limit);
  }

  async noteHomes(hasHomes: boolean, hasBrowser = false): Promise<void> {
    this.#parts.homes.note(hasHomes, hasBrowser);
  }

  async noteOrigin(origin: string): Promise<void> {
    this.#parts.origin.note(origin, Date.now());
  }

  async noteBrowserUse(use?: BrowserUse): Promise<number> {
    return this.#parts.browserTime.note(Date.now(), use);
  }

  async findRun(runId: string): Promise<(RunState & { sessionKey: string }) | undefined> {
    this.#parts.writes.flush();
    return this.#parts.usage.findRun(runId);
  }

  async agents(): ReturnType<DirectoryPort["agents"]> {
    return listAgents(this.#parts.settings.get().settings);
  }

  async usage(fromDay: string, toDay: string): ReturnType<DirectoryPort["usage"]> {
    this.#parts.writes.flush();
    return this.#parts.usage.between(fromDay, toDay);
  }

  async settings(): Promise<SettingsDocument> {
    return this.#parts.settings.get();
  }

  async setSettings(raw: string, baseHash?: string): Promise<Outcome<SettingsDocument>> {
    return this.#parts.settings.set(raw, baseHash, Date.now());
  }

  async patchSettings(patch: unknown, baseHash?: string): Promise<Outcome<SettingsDocument>> {
    return this.#parts.settings.patch(patch, baseHash, Date.now());
  }

  async storage(): Promise<DirectoryStorage> {
    this.#parts.writes.flush();
    return { bytes: this.ctx.storage.sql.databaseSize, ...this.#parts.sessions.measure() };
  }

  async providerKeys(): ReturnType<DirectoryPort["providerKeys"]> {
    return this.#parts.keys.all();
  }

  async keyNotes(): ReturnType<DirectoryPort["keyNotes"]> {
    return this.#parts.keys.notes();
  }

  async setProviderKey(provider: string, key: string): ReturnType<DirectoryPort["setProviderKey"]> {
    return this.#parts.keys.set(provider, key, Date.now());
  }

  async removeProviderKey(provider: string): Promise<boolean> {
    return this.#parts.keys.remove(provider);
  }

  people(): ReturnType<PeoplePort["people"]> {
    return this.#parts.admissions.people();
  }

  pairings(): ReturnType<PeoplePort["pairings"]> {
    return this.#parts.admissions.pairings();
  }

  approvePairing(code: string, as?: string): ReturnType<PeoplePort["approvePairing"]> {
    return this.#parts.admissions.approvePairing(code, as);
  }

  rejectPairing(code: string): ReturnType<PeoplePort["rejectPairing"]> {
    return this.#parts.admissions.rejectPairing(code);
  }

  changePeople(change: PeopleChange): ReturnType<PeoplePort["changePeople"]> {
    return this.#parts.admissions.changePeople(change);
  }

  blockedSenders(): ReturnType<PeoplePort["blockedSenders"]> {
    return this.#parts.admissions.blockedSenders();
  }

  seenGroups(): ReturnType<PeoplePort["seenGroups"]> {
    return this.#parts.admissions.seenGroups();
  }

  maySend(request: Parameters<PeoplePort["maySend"]>[0]): ReturnType<PeoplePort["maySend"]> {
    return this.#parts.admissions.maySend(request);
  }

  mayBeHeard(request: Parameters<PeoplePort["mayBeHeard"]>[0]): ReturnType<PeoplePort["mayBeHeard"]> {
    return this.#parts.admissions.mayBeHeard(request);
  }

  async admissionNotes(limit = 50): Promise<AdmissionNote[]> {
    return this.#parts.admissions.log.list(limit);
  }

  async channelAccount(channel: string, account: string): Promise<ChannelAccount | undefined> {
    return this.#parts.accounts.get(channel, account);
  }

  async wantedLines(): Promise<WantedLine[]> {
    return this.#parts.accounts.wantedLines();
  }

  async channelStates(): Promise<ChannelState[]> {
    return this.#parts.accounts.states();
  }

  setChannelKeys(channel: string, account: string, keys: Record<string, string>): Promise<Outcome<ChannelState>> {
    return this.#parts.accounts.setKeys(channel, account, keys, Date.now());
  }

  async removeChannelAccount(channel: string, account: string): Promise<boolean> {
    this.#parts.admissions.forgetChannelAccount(channel, account);
    return this.#parts.accounts.remove(channel, account);
  }

  async noteChannel(note: ChannelNote): Promise<void> {
    if (!this.#parts.accounts.note(note)) return;
    const { channel, account } = note;
    this.ctx.waitUntil(announce(gatewayOf(this.env), "channels.changed", { channel, accountId: account }));
  }

  async waitingSessions(channel: string, account: string): Promise<string[]> {
    return this.#parts.accounts.waiting.sessions(channel, account, Date.now());
  }
}
