// The words of `skerry bridge` and `skerry devices`, and what each does.
import type { Command } from "commander";
import type { Terminal } from "../terminal.ts";
import { type DevicesCommand, decideDevice, listDevices, removeDevice } from "./devices.ts";
import type { BridgeArguments, BridgeCommand } from "./run.ts";
import { installService, showService, uninstallService } from "./service.ts";

export interface Surroundings {
  terminal: Terminal;
  version: string;
  /** Folder of the program. */
  root: string;
  environment: NodeJS.ProcessEnv;
  finish(work: Promise<number>): Promise<void>;
  common(command: Command): DevicesCommand;
}

export function registerBridge(program: Command, around: Surroundings): void {
  const { finish, common } = around;
  const bridge = program
    .command("bridge")
    .description("offer what this machine can do to Skerry; runs until Ctrl-C")
    .option("--config <file>", "what this machine allows, as JSON (docs/bridge.md)")
    .option("--state-dir <folder>", "where its key and its spool are kept")
    .option("--name <name>", "what this machine is called")
    .addHelpText("after", "\nExample: skerry bridge --url https://skerry.example.workers.dev")
    .action((_options: unknown, command: Command) =>
      finish(load().then(({ runBridge }) => runBridge(readCommand(command), around.root))),
    );
  bridge
    .command("pair")
    .description("show the code by which the owner knows this machine")
    .option("--new", "with a new key: the old one is worth nothing any more")
    .addHelpText("after", "\nExample: skerry bridge pair --url https://skerry.example.workers.dev")
    .action((_options: unknown, command: Command) =>
      finish(load().then(({ showPairing }) => showPairing(readCommand(command), command.opts<{ new?: boolean }>().new === true))),
    );
  bridge
    .command("install")
    .description("let it run by itself whenever you are logged in (systemd, launchd)")
    .addHelpText("after", "\nExample: skerry bridge install --url https://skerry.example.workers.dev")
    .action((_options: unknown, command: Command) => finish(installService(readCommand(command), around.root)));
  bridge
    .command("uninstall")
    .description("do not run it by itself any more")
    .addHelpText("after", "\nExample: skerry bridge uninstall")
    .action((_options: unknown, command: Command) => finish(uninstallService(readCommand(command))));
  bridge
    .command("status")
    .description("whether the bridge of this machine runs, and how its line is")
    .addHelpText("after", "\nExample: skerry bridge status")
    .action((_options: unknown, command: Command) => finish(showService(readCommand(command))));

  bridge
    .command("log")
    .description("what ran on this machine, on whose word, and what became of it; latest last")
    .option("--limit <number>", "how many", "50")
    .addHelpText("after", "\nExample: skerry bridge log --limit 20")
    .action((_options: unknown, command: Command) =>
      finish(loadMemory().then(({ showLog }) => showLog(readCommand(command), Number(command.opts<{ limit: string }>().limit)))),
    );
  const rules = bridge
    .command("rules")
    .description("what you allowed for always on this machine")
    .addHelpText("after", "\nExample: skerry bridge rules")
    .action((_options: unknown, command: Command) =>
      finish(loadMemory().then(({ showRules }) => showRules(readCommand(command)))),
    );
  rules
    .command("add")
    .description("let a program run without a question")
    .argument("<program>", "its name or path, or a pattern such as /usr/bin/*")
    .argument("[args...]", "one pattern an argument, * is any text, ** at the end any more; none: any arguments")
    .addHelpText("after", "\nExample: skerry bridge rules add git status")
    .action((named: string, args: string[], _options: unknown, command: Command) =>
      finish(loadMemory().then(({ addRule }) => addRule(readCommand(command), named, args))),
    );
  rules
    .command("forget")
    .description("ask about it again")
    .argument("<what>", "the number of a program or the path of a file, as rules shows them")
    .addHelpText("after", "\nExample: skerry bridge rules forget 3")
    .action((what: string, _options: unknown, command: Command) =>
      finish(loadMemory().then(({ forgetRule }) => forgetRule(readCommand(command), what))),
    );

  const sandbox = bridge.command("sandbox").description("the sandbox of this machine: containers that commands run in");
  sandbox
    .command("build")
    .description("build the image that its containers are made of; needs Docker or Podman, and the network")
    .addHelpText("after", "\nExample: skerry bridge sandbox build")
    .action((_options: unknown, command: Command) =>
      finish(loadSandbox().then(({ buildSandbox }) => buildSandbox(readCommand(command), around.root))),
    );
  sandbox
    .command("status")
    .description("which engine there is, whether the image is, and the containers")
    .addHelpText("after", "\nExample: skerry bridge sandbox status")
    .action((_options: unknown, command: Command) =>
      finish(loadSandbox().then(({ showSandbox }) => showSandbox(readCommand(command), around.root))),
    );

  const devices = program.command("devices").description("machines and programs with a key of their own");
  devices
    .command("list")
    .description("list who asks to come in, and who is in")
    .addHelpText("after", "\nExample: skerry devices list")
    .action((_options: unknown, command: Command) => finish(listDevices(common(command))));
  devices
    .command("approve")
    .description("let a device in")
    .argument("<code>", "the code that it shows")
    .addHelpText("after", "\nExample: skerry devices approve ABCD2345")
    .action((code: string, _options: unknown, command: Command) => finish(decideDevice(common(command), code, true)));
  devices
    .command("reject")
    .description("turn a device away")
    .argument("<code>", "the code that it shows")
    .addHelpText("after", "\nExample: skerry devices reject ABCD2345")
    .action((code: string, _options: unknown, command: Command) => finish(decideDevice(common(command), code, false)));
  devices
    .command("remove")
    .description("let a device in no longer, at once")
    .argument("<device>", "its name, or the beginning of its id")
    .addHelpText("after", "\nExample: skerry devices remove nas")
    .action((named: string, _options: unknown, command: Command) => finish(removeDevice(common(command), named)));

  function readCommand(command: Command): BridgeCommand {
    const options = command.optsWithGlobals<BridgeArguments & { json?: boolean }>();
    const { url, token, config, stateDir, name } = options;
    const { terminal, version, environment } = around;
    return { terminal, version, environment, given: { url, token, config, stateDir, name }, isJson: options.json === true };
  }
}

/** Loaded when it is asked for: other commands need none of it. */
function load() {
  return import("./run.ts");
}

function loadMemory() {
  return import("./memory.ts");
}

function loadSandbox() {
  return import("./sandbox.ts");
}
