// An agent's files behind the real routes of the door of homes, without a Worker around them: the real workspace, and settings that
// a test chooses. What is asked can be counted, delayed and cut off.
import type { HomeDoor } from "../../src/bridge/home/door.ts";
import { HomeRefused } from "../../src/contract/errors.ts";
import { openTestWorkspace, type TestWorkspace } from "./workspace.ts";

/** The routes are typed by the Worker's platform, which is not this one's: they are known here by what is used of them. */
const ROUTES = new URL("../../src/worker/home/workspaces.ts", import.meta.url).href;
interface Routes {
  workspaces: { request(path: string, init: RequestInit, env: unknown): Promise<Response> };
}

export interface TestAgentFiles {
  workspace: TestWorkspace;
  door: HomeDoor;
  /** "GET /file?path=a.md" and so on, as they were asked. */
  asked: string[];
  access: "none" | "ro" | "rw";
  /** Asked before each request; what it throws is what the network did. */
  before: (what: string) => Promise<void> | void;
  /** Asked when it was done, before the answer gets home. */
  after: (what: string) => Promise<void> | void;
  /** Path to text of all that the agent wrote itself; nothing that came with Skerry. */
  texts(): Promise<Record<string, string>>;
}

export async function openTestAgentFiles(): Promise<TestAgentFiles> {
  const { workspaces } = (await import(/* @vite-ignore */ ROUTES)) as Routes;
  const workspace = openTestWorkspace();
  const files: TestAgentFiles = {
    workspace,
    asked: [],
    access: "rw",
    before: () => undefined,
    after: () => undefined,
    async door(path, init) {
      const [way = "", query] = path.replace(/^\/workspaces/, "").split("?");
      const what = `${init.method} ${way.replace(/^\/[^/]+/, "")}${query ? `?${decodeURIComponent(query)}` : ""}`;
      files.asked.push(what);
      await files.before(what);
      const settings = { agents: { defaults: { sandbox: { workspaceAccess: files.access } } } };
      const answer = await workspaces.request(path.replace(/^\/workspaces/, ""), init, {
        DIRECTORY: { getByName: () => ({ settings: async () => ({ settings }) }) },
        WORKSPACE: { getByName: () => workspace },
      });
      await files.after(what);
      return answer;
    },
    async texts() {
      const listed = await workspace.list("", true);
      if (!listed.ok) throw new Error(listed.error.message);
      const own = listed.value.filter(({ isDirectory, isReadOnly }) => !isDirectory && !isReadOnly);
      const pairs = await Promise.all(own.map(async ({ path }) => [path, await workspace.readText(path)] as const));
      return Object.fromEntries(pairs);
    },
  };
  return files;
}

/** As if the network had gone. */
export function cutOff(): never {
  throw new HomeRefused("UNAVAILABLE", "Skerry could not be reached to pass the file on; try again.");
}
