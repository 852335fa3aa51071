// What a typical message costs in the platform's own units: rows written and requests between objects, counted over the
// real parts of a session, a workspace and the Directory's tables. `npm run bench:cost` prints the table of docs/cost.md.
import type { TurnReport } from "../src/contract/ports/directory.ts";
import type { WorkspacePort } from "../src/contract/ports/workspace.ts";
import { DIRECTORY_SCHEMA } from "../src/durable/directory/schema.ts";
import { SessionIndex } from "../src/durable/directory/session-index.ts";
import { UsageLedger } from "../src/durable/directory/usage-ledger.ts";
import { migrate, type Sql } from "../src/durable/storage/sql.ts";
import { scriptModel } from "../test/support/scripted-model.ts";
import { openTestSession } from "../test/support/session.ts";
import { openTestSql } from "../test/support/sqlite.ts";
import { openTestWorkspace } from "../test/support/workspace.ts";

const MESSAGES_A_DAY = 200;
const CALLS = 5;
const WORDS = 300;
const WARM_UP = 3;

interface Counts {
  rowsWritten: number;
  requests: number;
  alarms: number;
  outside: number;
}

async function countMessage(): Promise<Counts> {
  const counts: Counts = { rowsWritten: 0, requests: 0, alarms: 0, outside: 0 };
  const words = Array.from({ length: WORDS }, (_unused, index): [string, number] => [`word${index} `, 0]);
  let round = 0;
  const model = scriptModel(() => {
    counts.outside += 1;
    round += 1;
    return round % (CALLS + 1) === 0 ? { pieces: words } : { calls: [{ name: "read", args: { path: "SOUL.md" } }] };
  });
  const workspace = countRequests(openTestWorkspace(), counts);
  const directory = counted(openTestSql(), counts);
  migrate(directory, "directory", DIRECTORY_SCHEMA);
  const index = new SessionIndex(directory);
  const ledger = new UsageLedger(directory);
  const session = openTestSession({
    env: {},
    workspace,
    fetch: model.fetch,
    wrapSql: (sql) => counted(sql, counts),
    onAlarm: () => {
      counts.alarms += 1;
    },
    onLine: () => {
      counts.requests += 1;
    },
    brief: { models: [model.ref], providers: model.providers },
  });
  let told = 0;
  for (let message = 0; message <= WARM_UP; message++) {
    if (message === WARM_UP) Object.assign(counts, { rowsWritten: 0, requests: 0, alarms: 0, outside: 0 });
    // The door asks the Directory, then hands over to the session: two requests.
    counts.requests += 2;
    await session.send(`message ${message}`);
    await session.rest();
    for (const report of session.reports.slice(told)) store(report, index, ledger, counts);
    told = session.reports.length;
  }
  return counts;
}

function store(report: TurnReport, index: SessionIndex, ledger: UsageLedger, counts: Counts): void {
  counts.requests += 1;
  index.put(report.session);
  ledger.add(report);
}

function counted(sql: Sql, counts: Counts): Sql {
  return {
    all: (query, ...bindings) => sql.all(query, ...bindings),
    one: (query, ...bindings) => sql.one(query, ...bindings),
    run: (query, ...bindings) => {
      const written = sql.run(query, ...bindings);
      counts.rowsWritten += written;
      return written;
    },
    size: () => sql.size(),
    transaction: (work) => sql.transaction(work),
  };
}

function countRequests(workspace: WorkspacePort, counts: Counts): WorkspacePort {
  return new Proxy(workspace, {
    get(target, name: keyof WorkspacePort) {
      const method = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        counts.requests += 1;
        return method.apply(target, args);
      };
    },
  });
}

const counts = await countMessage();
const written = counts.rowsWritten + counts.alarms;
const line = (what: string, each: number) => `| ${what} | ${each} | ${(each * MESSAGES_A_DAY).toLocaleString("en-US")} |`;
process.stdout.write(
  [
    `One message: ${CALLS} calls one after another, ${CALLS + 1} replies, ${WORDS} words of answer. ${MESSAGES_A_DAY} messages a day.`,
    "",
    "| unit | a message | a day |",
    "| --- | --- | --- |",
    line("requests between objects (the alarm among them)", counts.requests + 1),
    line("rows written (table rows; alarms set or cleared count as one each)", written),
    line("requests to the model", counts.outside),
    "",
  ].join("\n"),
);
