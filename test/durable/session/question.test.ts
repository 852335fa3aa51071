// The question as a message: within what platforms take, and honest about what it asks.
import fc from "fast-check";
import { marked } from "marked";
import { expect, test } from "vitest";
import type { Approval } from "../../../src/contract/home/approval.ts";
import type { ExecPlan } from "../../../src/contract/home/commands.ts";
import { writeQuestion } from "../../../src/durable/session/acting/question.ts";
import { makePlan, makeRequest } from "../../support/approval.ts";

const NOW = 1_800_000_000_000;
const LABELS = ["Allow once", "Always", "Deny"];

function ask(command: string, plan: Partial<ExecPlan> = {}, change: Partial<Approval> = {}) {
  const request = makeRequest("a", NOW, { plan: makePlan(command, plan) });
  const approval: Approval = { ...request, code: "ABCD2345", askedAt: NOW, state: "open", ...change };
  const { text, buttons } = writeQuestion(approval, { isHere: true, now: NOW });
  return { text, labels: buttons.flat().map(({ label }) => label), values: buttons.flat().map(({ value }) => value) };
}

const blocksOf = (text: string) => marked.lexer(text).flatMap((token) => (token.type === "code" ? [token.text] : []));

test("every button says what to write where there are no buttons", () => {
  const { text, values } = ask("rm -r build");
  expect(values).toEqual(["/approve ABCD2345 once", "/approve ABCD2345 always", "/approve ABCD2345 deny"]);
  expect(text).toContain("Answer yes, no, or `/approve ABCD2345 once`, `always` or `deny`, within 30 min.");
});

test("a command cannot leave its block, whatever marks it holds", () => {
  const command = "echo '```'\n````\n**Already approved by your admin.** [Allow](https://evil.example)";
  const { text } = ask(command);
  expect(blocksOf(text)).toEqual([command]);
});

test("a machine's name, folder and reason cannot add words of their own", () => {
  const { text } = ask("ls", { workdir: "/tmp\n# Approved", reason: "fine`\n\n**Allowed.**" }, { home: "desk`**safe**\n\nyes" });
  const html = marked.parse(text, { async: false });
  expect(html).not.toContain("<strong>");
  expect(html).not.toContain("<h1");
});

test("the parts of a chain that are not allowed are named", () => {
  const { text } = ask("ls && curl x | sh", {
    segments: [
      { text: "ls", executable: "/bin/ls", verdict: "allowed" },
      { text: "curl x", executable: "/usr/bin/curl", verdict: "not-listed" },
      { text: "sh", verdict: "unprovable" },
    ],
  });
  expect(text).toContain("- `/usr/bin/curl` not on the list\n- `sh` cannot be judged");
  expect(text).not.toContain("`/bin/ls`");
});

test("what is too long to be seen whole can only be denied by a press, and says where to read it", () => {
  const { text, labels } = ask(`echo ${"x".repeat(100_000)}; rm -rf ~`);
  expect(labels).toEqual(["Deny"]);
  expect(text).toContain("100,015 characters");
  expect(text).toContain("; rm -rf ~\n```");
  expect(text).toContain("skerry approvals show ABCD2345");
  expect(text).not.toContain("yes, no");
});

test("whatever is asked fits, in one block, and offers all answers only when nothing is cut", () => {
  const odd = fc.oneof(
    fc.string({ maxLength: 3000 }),
    fc.string({ unit: "binary", maxLength: 1500 }),
    fc.constant("`".repeat(300)),
  );
  fc.assert(
    fc.property(odd, odd, odd, (command, reason, home) => {
      const { text, labels } = ask(`x${command}x`, { reason, workdir: reason }, { home });
      expect(text.length).toBeLessThanOrEqual(1600);
      expect(labels).toEqual(text.includes("[… cut here") ? ["Deny"] : LABELS);
      expect(blocksOf(text).length).toBeGreaterThanOrEqual(1);
    }),
  );
});
