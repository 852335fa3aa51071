// What `npm start` prints when Skerry is ready: version, address, one-time login link with its QR code, the model in
// use and why. Asks Skerry itself over the Gateway socket, as any screen does.
import { styleText } from "node:util";
import type { StatusAnswer } from "../../client/frames.ts";
import { createClient } from "../connection.ts";
import { type LoginLink, mintLoginLink } from "../login-link.ts";

export interface Facts {
  version: string;
  url: string;
  stateDir: string;
  /** The port that was asked for, when another had to be taken. */
  takenPort?: number;
  readyMs: number;
}

export interface Announcement extends Facts {
  login: LoginLink;
  model: StatusAnswer["model"];
}

/** Asks the running Skerry what is to be announced. */
export async function gatherAnnouncement(facts: Facts, token: string): Promise<Announcement> {
  const client = createClient(
    { url: facts.url, token },
    { id: "skerry-start", mode: "cli", version: facts.version, isLasting: false },
  );
  try {
    await client.connect();
    const [login, status] = await Promise.all([mintLoginLink(client, facts.url), client.request<StatusAnswer>("status", {})]);
    return { ...facts, login, model: status.model };
  } finally {
    client.close();
  }
}

/** The announcement as text. `isRich`: for a terminal, with colours. */
export async function formatAnnouncement(about: Announcement, isRich: boolean): Promise<string> {
  const paint = (style: Parameters<typeof styleText>[0], text: string) => (isRich ? styleText(style, text) : text);
  const row = (name: string, ...lines: string[]) =>
    lines.map((line, at) => `  ${paint("dim", (at === 0 ? name : "").padEnd(8))}${line}`).join("\n");
  const minutes = Math.max(1, Math.round((about.login.expiresAt - Date.now()) / 60_000));
  const model = about.model;
  const { toString: drawQr } = await import("qrcode");
  const qr = await drawQr(about.login.link, { type: "utf8", margin: 2, errorCorrectionLevel: "L" });
  return [
    "",
    `  ${paint(["bold", "cyan"], "Skerry")} ${about.version}  ${paint("dim", `ready in ${(about.readyMs / 1000).toFixed(1)} s`)}`,
    "",
    row("Address", about.takenPort === undefined ? about.url : `${about.url} (port ${about.takenPort} is taken)`),
    row(
      "Login",
      paint("underline", about.login.link),
      paint("dim", `works once, for ${minutes} minutes; another: npx skerry open`),
    ),
    row("Model", modelLine(model), ...(model?.advice ? [paint("yellow", model.advice)] : [])),
    row("State", about.stateDir),
    row("Stop", "Ctrl-C"),
    "",
    qr.replace(/^/gm, "  ").trimEnd(),
    "",
  ].join("\n");
}

function modelLine(model: Announcement["model"]): string {
  if (!model?.ref) return `none${model?.why ? `: ${model.why}` : ""}`;
  return model.why ? `${model.ref} (${model.why})` : model.ref;
}
