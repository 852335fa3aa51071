// The command `skerry`: reads its arguments, finds Skerry, and does what was asked. Errors are one sentence and a code.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { CHANNEL_FACTS } from "../../contract/channels/facts.ts";
import type { Reach } from "../connection.ts";
import { decideApproval, listApprovals, showApproval } from "./bridge/approvals.ts";
import { registerBridge } from "./bridge/commands.ts";
import { addChannel, removeChannel, showChannels, testChannel } from "./channels/channels.ts";
import { linkChannel, turnChannel, unlinkChannel } from "./channels/link.ts";
import { askOnce, talk } from "./chat.ts";
import { examine } from "./doctor.ts";
import { EXIT, explainFailure } from "./exit-code.ts";
import { listModels, listSessions, showLogs } from "./lists.ts";
import { approvePairing, forgetAccount, linkPeople, listPairings, listPeople, rejectPairing } from "./people.ts";
import { findReach } from "./reach.ts";
import { getSetting, setSetting, showSchema } from "./settings.ts";
import { openPage, showStatus } from "./status.ts";
import { Terminal } from "./terminal.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const VERSION: string = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;

interface Options {
  url?: string;
  token?: string;
  json?: boolean;
  session?: string;
  browser?: boolean;
  limit?: number;
  all?: boolean;
  follow?: boolean;
  account?: string;
  publicUrl?: string;
  connect?: boolean;
  key?: string[];
  probe?: boolean;
  phone?: string;
  fresh?: boolean;
  to?: string;
  as?: string;
  notify?: boolean;
  programs?: boolean;
}

const terminal = new Terminal({ out: process.stdout, err: process.stderr }, process.env);
let reach: Reach | undefined;

const program = new Command("skerry")
  .description("Your assistant, from the terminal.")
  .version(VERSION)
  .option("--url <address>", "where Skerry is (SKERRY_URL; else the one on this machine)")
  .option("--token <token>", "the owner's token (SKERRY_TOKEN; else the one kept on this machine)")
  .option("--json", "answer with one line of JSON")
  .exitOverride()
  .showHelpAfterError("Try: skerry --help");

program
  .command("chat")
  .description("ask once, or talk; what is piped in is the message, or stands behind the question")
  .argument("[question...]", "the question; without one a talk begins")
  .option("--session <key>", "the session to speak in", "main")
  .action(async (words: string[], _options: unknown, command: Command) => {
    const question = words.join(" ").trim();
    const piped = process.stdin.isTTY ? "" : (await readInput()).trim();
    const message = [question, piped].filter((part) => part !== "").join("\n\n");
    const request = { ...common(command), session: readOptions(command).session ?? "main" };
    if (message !== "") await finish(askOnce(request, message));
    else if (process.stdin.isTTY) await finish(talk(request));
    else command.error("Nothing to say: give a question, or pipe one in.", { exitCode: EXIT.usage });
  });

program
  .command("status")
  .description("how Skerry is: version, model, sessions")
  .action((_options: unknown, command: Command) => finish(showStatus(common(command))));

program
  .command("open")
  .description("print a login link that works once, and open it in the browser")
  .option("--no-browser", "only print it")
  .action((_options: unknown, command: Command) => finish(openPage(common(command), readOptions(command).browser !== false)));

program
  .command("sessions")
  .description("list sessions, newest first, or those with some words in them")
  .argument("[words...]", "words to look for")
  .option("--limit <n>", "how many", readCount, 30)
  .option("--programs", "those of programs at the OpenAI door that named none")
  .addHelpText("after", "\nExample: skerry sessions shopping")
  .action((words: string[], _options: unknown, command: Command) =>
    finish(
      listSessions(
        common(command),
        words.join(" ") || undefined,
        readOptions(command).limit ?? 30,
        readOptions(command).programs === true,
      ),
    ),
  );

program
  .command("models")
  .description("list the models that can be used now")
  .option("--all", "those without a key too")
  .addHelpText("after", "\nExample: skerry models --all")
  .action((_options: unknown, command: Command) => finish(listModels(common(command), readOptions(command).all === true)));

const config = program.command("config").description("read and change the settings");
config
  .command("get")
  .description("print the settings, or one of them")
  .argument("[path]", "like agents.defaults.model")
  .addHelpText("after", "\nExample: skerry config get agents.defaults.model")
  .action((path: string | undefined, _options: unknown, command: Command) => finish(getSetting(common(command), path)));
config
  .command("set")
  .description("change one setting; null removes it")
  .argument("<path>", "like agents.defaults.model")
  .argument("<value>", "JSON, or plain text")
  .addHelpText("after", "\nExample: skerry config set agents.defaults.budget.perDayUsd 3")
  .action((path: string, value: string, _options: unknown, command: Command) => finish(setSetting(common(command), path, value)));
config
  .command("schema")
  .description("print what can be set, as JSON Schema")
  .argument("[path]", "only this part")
  .addHelpText("after", "\nExample: skerry config schema agents.defaults")
  .action((path: string | undefined, _options: unknown, command: Command) => finish(showSchema(common(command), path)));

const channels = program.command("channels").description("connect messengers, see how they are, take one away");
channels
  .command("add")
  .description("give a channel its keys, tell the platform where Skerry is, and try it")
  .argument("<channel>", CHANNEL_FACTS.map(({ id }) => id).join(", "))
  .option("--account <name>", "a further account of the channel", readAccount, "default")
  .option("--key <NAME=value>", "a key, or NAME=@file; else from the environment, piped in, or asked for", collect, [])
  .option("--public-url <address>", "where the platform reaches Skerry, when that is not the address of --url")
  .option("--no-connect", "only keep the keys")
  .addHelpText("after", "\nExample: skerry channels add telegram --url https://skerry.example.workers.dev")
  .action(async (id: string, _options: unknown, command: Command) => {
    const { account = "default", publicUrl, connect, key = [] } = readOptions(command);
    const piped = process.stdin.isTTY ? {} : { piped: await readInput() };
    const sources = { flags: key, environment: process.env, ...piped };
    await finish(addChannel(common(command), id, { account, publicUrl, isConnecting: connect !== false }, sources));
  });
channels
  .command("login")
  .description("link an account whose line a machine at home holds, by a code that is shown here")
  .argument("<channel>", "whatsapp or signal")
  .option("--account <name>", "which account", readAccount, "default")
  .option("--phone <number>", "whatsapp: by a code that is typed on the phone with this number, for example +15551234567")
  .option("--fresh", "a new code, although one was shown")
  .addHelpText("after", "\nExample: skerry channels login whatsapp")
  .action((id: string, _options: unknown, command: Command) => {
    const { account = "default", phone, fresh = false } = readOptions(command);
    return finish(linkChannel(common(command), id, { account, phone, isAnew: fresh }));
  });
channels
  .command("logout")
  .description("end the link of an account, and forget on the machine at home what was kept for it")
  .argument("<channel>", "like whatsapp")
  .option("--account <name>", "which account", readAccount, "default")
  .addHelpText("after", "\nExample: skerry channels logout whatsapp")
  .action((id: string, _options: unknown, command: Command) =>
    finish(unlinkChannel(common(command), id, readOptions(command).account ?? "default")),
  );
for (const [name, isOn, what] of [
  ["stop", false, "switch a channel off: nobody is heard there; its keys and its link stay"],
  ["start", true, "switch a channel on again"],
] as const) {
  channels
    .command(name)
    .description(what)
    .argument("<channel>", "like whatsapp")
    .option("--account <name>", "only this account; without it all of the channel's", readAccount)
    .addHelpText("after", `\nExample: skerry channels ${name} whatsapp`)
    .action((id: string, _options: unknown, command: Command) =>
      finish(turnChannel(common(command), id, readOptions(command).account, isOn)),
    );
}
channels
  .command("remove")
  .description("take a channel's keys away, and tell the platform where it lets us")
  .argument("<channel>", "like telegram")
  .option("--account <name>", "which account", readAccount, "default")
  .addHelpText("after", "\nExample: skerry channels remove telegram")
  .action((id: string, _options: unknown, command: Command) =>
    finish(removeChannel(common(command), id, readOptions(command).account ?? "default")),
  );
channels
  .command("status")
  .description("how the channels are, and who was not let in lately")
  .argument("[channel]", "only this one")
  .option("--probe", "ask each platform whether the keys are good")
  .addHelpText("after", "\nExample: skerry channels status --probe")
  .action((id: string | undefined, _options: unknown, command: Command) =>
    finish(showChannels(common(command), id, readOptions(command).probe === true)),
  );
channels
  .command("test")
  .description("ask the platform whether the keys are good, and send a test message if you say to whom")
  .argument("<channel>", "like telegram")
  .option("--account <name>", "which account", readAccount, "default")
  .option("--to <who>", "owner, a person, or the platform's id of a room")
  .addHelpText("after", "\nExample: skerry channels test telegram --to owner")
  .action((id: string, _options: unknown, command: Command) => {
    const { account = "default", to } = readOptions(command);
    return finish(testChannel(common(command), id, account, to));
  });

const pairing = program.command("pairing").description("strangers who wait to be let in");
pairing
  .command("list")
  .description("list who waits, with their codes")
  .argument("[channel]", "only those of this channel")
  .addHelpText("after", "\nExample: skerry pairing list")
  .action((id: string | undefined, _options: unknown, command: Command) => finish(listPairings(common(command), id)));
pairing
  .command("approve")
  .description("let a stranger in; the first one becomes the owner")
  .argument("<code...>", "the code, with or without its channel before it")
  .option("--as <who>", "whose account it is: owner, a person's id or name, or guest for someone new")
  .option("--no-notify", "do not tell them")
  .addHelpText("after", "\nExample: skerry pairing approve telegram ABCD2345 --as owner")
  .action((words: string[], _options: unknown, command: Command) => {
    const { as, notify } = readOptions(command);
    return finish(approvePairing(common(command), words, { as, isQuiet: notify === false }));
  });
pairing
  .command("reject")
  .description("turn a stranger down, without a word to them")
  .argument("<code...>", "the code, with or without its channel before it")
  .addHelpText("after", "\nExample: skerry pairing reject telegram ABCD2345")
  .action((words: string[], _options: unknown, command: Command) => finish(rejectPairing(common(command), words)));

const people = program.command("people").description("who is known, by which accounts");
people
  .command("list")
  .description("list people and their accounts")
  .addHelpText("after", "\nExample: skerry people list")
  .action((_options: unknown, command: Command) => finish(listPeople(common(command))));
people
  .command("link")
  .description("make two people one: the accounts of the second become the first one's")
  .argument("<person>", "an id, a name, owner, or an account like telegram:42")
  .argument("<other>", "who becomes part of them")
  .addHelpText("after", "\nExample: skerry people link owner slack:U024BE7LH")
  .action((id: string, other: string, _options: unknown, command: Command) => finish(linkPeople(common(command), id, other)));
people
  .command("forget")
  .description("let an account in no longer")
  .argument("<account>", "like telegram:42")
  .addHelpText("after", "\nExample: skerry people forget telegram:42")
  .action((account: string, _options: unknown, command: Command) => finish(forgetAccount(common(command), account)));

const approvals = program.command("approvals").description("commands that wait for your word");
approvals
  .command("list")
  .description("list those that wait")
  .option("--all", "what was decided lately, too")
  .addHelpText("after", "\nExample: skerry approvals list")
  .action((_options: unknown, command: Command) => finish(listApprovals(common(command), readOptions(command).all === true)));
approvals
  .command("show")
  .description("show one whole")
  .argument("<code>", "its code")
  .addHelpText("after", "\nExample: skerry approvals show ABCD2345")
  .action((code: string, _options: unknown, command: Command) => finish(showApproval(common(command), code)));
approvals
  .command("allow")
  .description("let it run")
  .argument("<code>", "its code")
  .option("--always", "and remember it on that machine")
  .addHelpText("after", "\nExample: skerry approvals allow ABCD2345 --always")
  .action((code: string, options: { always?: boolean }, command: Command) =>
    finish(decideApproval(common(command), code, options.always ? "allow-always" : "allow-once")),
  );
approvals
  .command("deny")
  .description("do not let it run")
  .argument("<code>", "its code")
  .addHelpText("after", "\nExample: skerry approvals deny ABCD2345")
  .action((code: string, _options: unknown, command: Command) => finish(decideApproval(common(command), code, "deny")));

program
  .command("logs")
  .description("print the Gateway's log")
  .option("--limit <n>", "how many lines", readCount, 100)
  .option("--follow", "go on with it until Ctrl-C")
  .addHelpText("after", "\nExample: skerry logs --follow")
  .action((_options: unknown, command: Command) =>
    finish(showLogs(common(command), readOptions(command).limit ?? 100, readOptions(command).follow === true)),
  );

program
  .command("doctor")
  .description("look whether everything is in order, and say what to do where it is not")
  .addHelpText("after", "\nExample: skerry doctor")
  .action((_options: unknown, command: Command) => finish(examine(common(command), process.env)));

registerBridge(program, { terminal, version: VERSION, root: ROOT, environment: process.env, finish, common });

program
  .command("start")
  .description("run Skerry on this machine, as npm start does")
  .action(() => finish(runLocally()));

await main();
// A closing socket or a listener for Ctrl-C must not hold up the end; what was written goes out first.
process.stdout.write("", () => process.stderr.write("", () => process.exit()));

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    const explained = explainFailure(error, reach?.url);
    if (!explained) throw error;
    terminal.remark(explained.text, "red");
    process.exitCode = explained.code;
  }
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new InvalidArgumentError("Give a whole number from 1 to 1000.");
}

function readAccount(text: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(text)) return text;
  throw new InvalidArgumentError("Names of accounts are lower case letters, digits and -.");
}

function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

function readOptions(command: Command): Options {
  return command.optsWithGlobals<Options>();
}

function common(command: Command) {
  const options = readOptions(command);
  reach = findReach(options, process.env, ROOT);
  return { reach, version: VERSION, isJson: options.json === true, terminal };
}

async function finish(work: Promise<number>): Promise<void> {
  process.exitCode = await work;
}

async function readInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += chunk;
  return text;
}

/** Ctrl-C reaches the child by itself; other signals are handed on. */
function runLocally(): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, "scripts/start.mjs")], { stdio: "inherit" });
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => done(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
