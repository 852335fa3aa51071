// The program signal-cli as far as a line starts it: `--config DIR daemon --http HOST:PORT …`. Its account is in DIR/account, where there is
// one; a file DIR/old-java makes it end as it does with a Java that is too old, and DIR/offline as it does with an account and no way to Signal.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SignalProgram } from "./signal-programs.ts";

const args = process.argv.slice(2);
const dir = args[args.indexOf("--config") + 1] ?? ".";
const port = Number(args[args.indexOf("--http") + 1]?.split(":")[1]);
writeFileSync(join(dir, "started"), `${process.pid} ${args.slice(2).join(" ")}\n`, { flag: "a" });
if (existsSync(join(dir, "old-java"))) {
  console.error("Exception in thread main java.lang.UnsupportedClassVersionError: org/asamk/signal/Main");
  process.exit(1);
}
if (existsSync(join(dir, "offline"))) {
  console.error(
    "ERROR MultiAccountManager - Failed to load +15550001111: Error while checking account +15550001111: Closed unexpectedly",
  );
  console.error("Failed to load account file");
  process.exit(1);
}
const account = existsSync(join(dir, "account")) ? [readFileSync(join(dir, "account"), "utf8")] : [];
const program = new SignalProgram("daemon", account);
program.port = port;
await program.start();
