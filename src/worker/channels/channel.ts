// What a channel is: a platform we speak on, and the code that speaks it. It proves that a request comes from the
// platform, translates what it says, and does there what the house asks. It holds no state and decides nothing about
// who may speak; whatever is not the platform's own stands once, beside the channels.
import type { ChannelAccount, Inbound, SetupStep } from "../../contract/channels/channel.ts";
import type { DeliveryOutcome, DeliveryStyle, OutboxItem, ReadBack } from "../../contract/channels/delivery.ts";
import type { Outcome } from "../../contract/errors.ts";
import type { HomeCommandName } from "../../contract/home/commands.ts";
import type { HomeAnswer } from "../../contract/home/port.ts";
import type { Address, MediaRef, RemoteMedia } from "../../contract/message.ts";
import type { Intake } from "../../durable/intake.ts";

export type { SetupStep } from "../../contract/channels/channel.ts";

/** One account of the channel, with what the code may reach. */
export interface Line {
  account: ChannelAccount;
  /** The platform's address, or the server that stands in its place; without a slash at its end. */
  base: string;
  /** Addresses by variable name: other services that the platform needs (token issuers, published keys). */
  variables: Record<string, string | undefined>;
  fetch: typeof fetch;
  now(): number;
  /** The bytes of something the house stored. */
  readMedia(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The path, on our own address, by which whoever has it can open something the house stored until `expiresAt`. */
  linkMedia?(key: string, expiresAt: number, name?: string): Promise<string>;
  /** Asks the machine that holds this account's line; absent where nobody at home is meant. */
  askHome?(command: HomeCommandName, params: Record<string, unknown>, waitMs: number): Promise<HomeAnswer>;
  /** Absent where the runtime cannot send mail. */
  sendMail?(mail: OutgoingMail): Promise<{ messageId: string }>;
}

/** A request as it came; the body is read once, up to the channel's limit. */
export interface Post {
  method: string;
  url: URL;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
  /** The body as UTF-8. */
  text: string;
}

/** A mail on its way out, in the words of Cloudflare's send_email. */
export interface OutgoingMail {
  to: string;
  from: { email: string; name: string };
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  attachments: { disposition: "attachment"; filename: string; type: string; content: Uint8Array<ArrayBuffer> }[];
}

/** `reason` is for the log and the channel's health, never for whoever asked. */
export type Proof = { ok: true } | { ok: false; reason: string };

export interface Translation {
  inbound: Inbound[];
  /** Something that went wrong at the platform, for the channel's health: in words its owner can act on. */
  trouble?: string;
  /** What the platform wants to hear back; absent: 200 with an empty body. Asked only after all of `inbound` is stored. */
  reply?(heard: readonly Intake[]): Response;
  /** Whether `reply` tells a stranger the code itself; else it is sent as a message. */
  greets?: boolean;
}

/** Something at home that somebody waits for: a command, a pressed button. */
export interface Asked {
  kind: "asked";
  inbound: Inbound[];
  /** Tells whoever waits; asked after all of `inbound` is stored. False: they do not wait any more, or were not reached. */
  answer(heard: readonly Intake[]): Promise<boolean>;
}

export interface Channel {
  /** As in Address.channel. */
  id: string;
  /** Largest body of a request, bytes. */
  maxBodyBytes: number;
  /** Signature, secret or token over the raw body. Never throws for what a stranger may send. */
  prove(post: Post, line: Line): Promise<Proof>;
  /** What a proven request says. Unknown kinds are no error: they say nothing. SyntaxError: not the platform's format. */
  translate(post: Post, line: Line): Promise<Translation>;
  /** Does one act; tells apart "it said no", "nobody answered" and "it may have happened" (outcome.ts). */
  deliver(item: OutboxItem, line: Line): Promise<DeliveryOutcome>;
  /** Cuts Markdown into messages: each one's rendering fits, nothing is lost, no fence or entity is broken. */
  split(text: string, style: DeliveryStyle): string[];
  fetchMedia?(remote: RemoteMedia, line: Line): Promise<Outcome<{ bytes: Uint8Array<ArrayBuffer>; name?: string }>>;
  /** In place of `fetchMedia`, where somebody else brings the file to the object store. */
  haveStored?(remote: RemoteMedia, from: Address, line: Line): Promise<Outcome<MediaRef>>;
  /**
   * What the machine at home that holds the line brings, as this channel's line writes it. Contract: the machine proved to be one of
   * the owner's, and that this account's line is its to hold.
   */
  hear?(body: unknown, line: Line): Promise<(Inbound | Asked)[]> | (Inbound | Asked)[];
  read?(from: Address, limit: number, line: Line): Promise<Outcome<ReadBack[]>>;
  /** Tells the platform where we are (webhook, command menu), as far as it lets us. `address`: of this channel's webhook. */
  connect?(address: string, line: Line): Promise<SetupStep[]>;
  disconnect?(line: Line): Promise<SetupStep[]>;
  /** Asks the platform whether the keys are good; the text names the bot. UNAVAILABLE: nobody answered. */
  probe(line: Line): Promise<Outcome<string>>;
}
