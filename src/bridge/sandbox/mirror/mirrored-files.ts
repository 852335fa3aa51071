// Files of a sandbox that mounts its agent's: the folder is brought up to date before one is looked at, and what was written is
// brought back at once.
import { HomeRefused } from "../../../contract/errors.ts";
import type { PlaceFiles } from "../../places/place.ts";
import type { SandboxPlace } from "../container-plan.ts";
import { locate } from "../files.ts";
import type { AgentFolders } from "./mirror.ts";
import type { Note, Say } from "./notes.ts";

/** As AgentFolders, for any place: where no agent's files are mounted, there is nothing to bring. */
export async function enter(folders: AgentFolders, place: SandboxPlace, say: Say): Promise<() => Promise<void>> {
  return place.workspace === "none" ? async () => undefined : folders.enter(place, say);
}

export function mirrorFiles(
  files: PlaceFiles<SandboxPlace>,
  folders: AgentFolders,
  log: (text: string) => void,
): PlaceFiles<SandboxPlace> {
  /** `isWriting`: whoever writes is told when it did not reach the agent's files as it was meant. */
  const around = async <T>(place: SandboxPlace, given: string, isWriting: boolean, work: () => Promise<T>): Promise<T> => {
    const { path, root } = locate(given);
    if (root === "/tmp") return work();
    const said: Note[] = [];
    const leave = await enter(folders, place, (note) => said.push(note));
    const report = ({ text, isOld }: Note) => isOld || log(text);
    // What was found before has nothing to do with what is done now.
    said.splice(0).forEach(report);
    const done = await work().finally(leave);
    const own = path.slice(root.length + 1);
    const isOwn = ({ paths }: Note) => isWriting && (paths === undefined || paths.includes(own));
    said.filter((note) => !isOwn(note)).forEach(report);
    const fault = said.find(isOwn);
    if (fault) throw new HomeRefused("CONFLICT", `${path} was written in the sandbox. ${fault.text}`);
    return done;
  };
  return {
    read: (place, path, offset, bytes) => around(place, path, false, () => files.read(place, path, offset, bytes)),
    list: (place, path, isDeep, limit) => around(place, path, false, () => files.list(place, path, isDeep, limit)),
    copyOut: (place, path, to) => around(place, path, false, () => files.copyOut(place, path, to)),
    write: (place, path, bytes, ifModifiedAt) => around(place, path, true, () => files.write(place, path, bytes, ifModifiedAt)),
    copyIn: (place, from, path) => around(place, path, true, () => files.copyIn(place, from, path)),
  };
}
