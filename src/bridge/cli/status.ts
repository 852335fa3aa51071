// `skerry status` and `skerry open`: single questions to a running Skerry.
import { spawn } from "node:child_process";
import type { SessionSummary, StatusAnswer } from "../../client/frames.ts";
import { mintLoginLink } from "../login-link.ts";
import { EXIT } from "./exit-code.ts";
import { formatSpan, nameChannel, type Question, withClient } from "./question.ts";

export async function showStatus(question: Question): Promise<number> {
  const { reach, terminal } = question;
  const status = await withClient(question, (client) => client.request<StatusAnswer>("status", {}));
  if (question.isJson) {
    terminal.print(JSON.stringify({ url: reach.url, ...status }));
    return EXIT.ok;
  }
  const { model, sessions, channels = [] } = status;
  terminal.print(
    [
      `Skerry   ${status.version} at ${reach.url}`,
      ...(status.uptimeMs === undefined ? [] : [`Awake    ${formatSpan(status.uptimeMs)}`]),
      ...(status.connections === undefined ? [] : [`Screens  ${status.connections}`]),
      `Model    ${model?.ref ?? "none"}${model?.why ? ` (${model.why})` : ""}`,
      ...(model?.advice ? [`         ${model.advice}`] : []),
      ...(channels.length === 0 ? [] : ["Channels", ...channels.map(formatChannel)]),
      `Sessions ${sessions?.count ?? 0}`,
      ...(sessions?.recent ?? []).map(formatSession),
    ].join("\n"),
  );
  return EXIT.ok;
}

/** Prints a login link that works once, and opens it when a person is there to see it. */
export async function openPage(question: Question, wantsBrowser: boolean): Promise<number> {
  const { reach, terminal } = question;
  const login = await withClient(question, (client) => mintLoginLink(client, reach.url));
  terminal.print(question.isJson ? JSON.stringify(login) : login.link);
  if (!question.isJson && wantsBrowser && terminal.isWatched) openBrowser(login.link);
  return EXIT.ok;
}

function openBrowser(link: string): void {
  const command = process.platform === "darwin" ? "open" : process.platform === "win32" ? "explorer" : "xdg-open";
  const browser = spawn(command, [link], { stdio: "ignore", detached: true });
  // No browser on this machine: the link is printed.
  browser.on("error", () => undefined);
  browser.unref();
}

function formatChannel(channel: NonNullable<StatusAnswer["channels"]>[number]): string {
  return `  ${channel.isWell ? "✓" : "✗"} ${nameChannel(channel)} · ${channel.said}`;
}

function formatSession(session: SessionSummary): string {
  const name = session.label ?? session.displayName ?? "";
  const age = session.updatedAt ? `${formatSpan(Date.now() - session.updatedAt)} ago` : "";
  return `  ${[session.key, session.hasActiveRun ? "running" : age, name].filter((part) => part !== "").join(" · ")}`;
}
