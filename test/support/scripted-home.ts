// A home at the port of a session: what it is asked is written down, what it answers is the test's to say. Under one id it
// answers the same, as the Gateway's desk does.
import type { AskingHome, HomeAnswer, HomePort, HomeRequest, HomeRow } from "../../src/contract/home/port.ts";

export interface ScriptedHome extends HomePort {
  requests: HomeRequest[];
  cancelled: string[];
  /** Machines that wait to be let in. */
  asking: AskingHome[];
  decisions: { code: string; isLetIn: boolean }[];
}

const NAS: HomeRow = {
  id: "nas-id",
  name: "nas",
  platform: "linux",
  version: "1",
  isConnected: true,
  seenAt: 0,
  caps: ["exec", "sandbox"],
  commands: ["exec.start", "process.poll", "process.list"],
  unapproved: [],
};

export function scriptHome(
  answer: (request: HomeRequest, count: number) => HomeAnswer | Promise<HomeAnswer>,
  homes: HomeRow[] = [NAS],
): ScriptedHome {
  const requests: HomeRequest[] = [];
  const cancelled: string[] = [];
  const asking: AskingHome[] = [];
  const decisions: ScriptedHome["decisions"] = [];
  const given = new Map<string, HomeAnswer | Promise<HomeAnswer>>();
  return {
    requests,
    cancelled,
    asking,
    decisions,
    homes: async () => homes,
    async askingHomes(decision) {
      if (!decision) return { ok: true, value: asking };
      decisions.push(decision);
      return { ok: true, value: asking.filter(({ code }) => code === decision.code) };
    },
    async callHome(request) {
      requests.push(request);
      const known = given.get(request.id) ?? answer(request, given.size + 1);
      given.set(request.id, known);
      return known;
    },
    async cancelCall(id) {
      cancelled.push(id);
    },
  };
}

/** A process that ended well, as a home tells it. */
export function exited(output: string, exitCode = 0): HomeAnswer {
  const payload = { state: "exited", processId: "p1", startedAt: 0, endedAt: 1, exitCode, output, outputBytes: output.length };
  return { outcome: "answered", home: "nas", payload };
}
