// Stands in for wrangler as a program: an account in a JSON file (CLOUDFLARE_STATE), and the words and exit codes of the
// real one (4.156) for what a deployment asks. A failure that the file names is said instead of doing the work.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";

const path = process.env.CLOUDFLARE_STATE;
const state = JSON.parse(readFileSync(path, "utf8"));
const args = process.argv.slice(2);
const command = args.filter((arg, at) => !arg.startsWith("-") && !args[at - 1]?.startsWith("--")).join(" ");
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
/** Two commands may run side by side: only those that change something write, and whole. */
const save = () => {
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(state));
  renameSync(`${path}.${process.pid}`, path);
};
const fail = (text, out = "") => {
  process.stdout.write(out);
  process.stderr.write(`\n✘ [ERROR] ${text}\n\n🪵  Logs were written to "wrangler.log"\n`);
  process.exit(1);
};

appendFileSync(`${path}.ran`, `${args.map((arg) => arg.replace(/^\/\S*\//, "…/")).join(" ")}\n`);
const failure = state.failures.find(({ at }) => command.startsWith(at));
if (failure) {
  if (failure.times !== undefined) {
    failure.times -= 1;
    if (failure.times <= 0) state.failures = state.failures.filter((one) => one !== failure);
    save();
  }
  fail(failure.text, failure.out);
}
if (command !== "whoami" && command !== "login" && !state.loggedIn && !args.includes("--dry-run")) {
  fail(
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable for wrangler to work.",
  );
}
if (state.accounts.length > 1 && !["whoami", "login"].includes(command) && !process.env.CLOUDFLARE_ACCOUNT_ID) {
  fail("More than one account available but unable to select one in non-interactive mode.");
}

const worker = state.workers[option("--name") ?? ""];
const words = command.split(" ");
if (command === "whoami") {
  console.log(`\n${JSON.stringify(state.loggedIn ? { loggedIn: true, accounts: state.accounts } : { loggedIn: false })}`);
  process.exit(state.loggedIn ? 0 : 1);
} else if (command === "login") {
  state.loggedIn = true;
  save();
} else if (command.startsWith("r2 bucket info")) {
  if (!state.buckets.includes(words[3])) fail("The specified bucket does not exist. [code: 10006]");
} else if (command.startsWith("r2 bucket create")) {
  if (state.isR2Off) fail("Please enable R2 through the Cloudflare Dashboard. [code: 10042]");
  state.buckets.push(words[3]);
  save();
} else if (command === "secret list") {
  if (!worker)
    fail(`Worker "${option("--name")}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first to create it.`);
  console.log(JSON.stringify(Object.keys(worker.secrets).map((name) => ({ name, type: "secret_text" }))));
} else if (command === "deployments list") {
  if (!worker) fail("This Worker does not exist on your account. [code: 10007]");
  console.log(
    JSON.stringify(
      worker.deployments.map((id, at) => ({
        created_on: new Date(1e12 + at).toISOString(),
        versions: [{ version_id: id, percentage: 100 }],
      })),
    ),
  );
} else if (command === "deploy") {
  const config = JSON.parse(readFileSync(option("--config"), "utf8"));
  if (args.includes("--dry-run")) {
    console.log("Total Upload: 10 KiB / gzip: 3 KiB");
  } else {
    state.workers[config.name] ??= { secrets: {}, deployments: [], versions: {} };
    const made = state.workers[config.name];
    const file = option("--secrets-file");
    if (file) Object.assign(made.secrets, JSON.parse(readFileSync(file, "utf8")));
    const id = `version-${Object.keys(made.versions).length + 1}`;
    made.versions[id] = { says: option("--var").replace("SKERRY_VERSION:", ""), config };
    made.deployments.push(id);
    save();
    const targets = [
      `https://${config.name}.ada.workers.dev`,
      ...(config.routes ?? []).map((route) => `${route.pattern} (custom domain)`),
    ];
    const entry = { type: "deploy", version: 1, worker_name: config.name, version_id: id, targets };
    appendFileSync(
      process.env.WRANGLER_OUTPUT_FILE_PATH,
      `${JSON.stringify({ type: "wrangler-session" })}\n${JSON.stringify(entry)}\n`,
    );
    console.log(`Uploaded ${config.name}`);
  }
} else if (command.startsWith("rollback ")) {
  if (!worker?.versions[words[1]]) fail("Version not found. [code: 10222]");
  worker.deployments.push(words[1]);
  save();
} else {
  fail(`Unknown argument: ${command}`);
}
