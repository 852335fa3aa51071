// Which of the planned steps are done in this comparison: what has to wait, was refused before as it is, or is too much stays for
// another one, or for good. Says why.
import { NOT_BACK, type Notes } from "./notes.ts";
import { type Here, isOutward, type Step } from "./plan.ts";
import type { MirrorState } from "./state.ts";

export const MAX_FILE_BYTES = 25 * 1024 * 1024;
const MAX_NEW = 5_000;
const MAX_SENT_BYTES = 512 * 1024 * 1024;
/** Stands for how a folder looks: it has nothing that could change. */
export const FOLDER_MARK = "folder";

export interface ChoiceRequest {
  planned: readonly Step[];
  here: Here;
  state: MirrorState;
  notes: Notes;
  /** Whether what changed here goes to Skerry now. */
  isOutward: boolean;
  /** Whether it is a command's end, and what does not go now is said. */
  isEnd: boolean;
  /** Files that are not to be tried before a time. */
  waiting: ReadonlyMap<string, number>;
  now: number;
  /** This file cannot go there, as it is. */
  leave(path: string, reason: string, mark: string): void;
}

export function chooseSteps(request: ChoiceRequest): Step[] {
  const { planned, here, state, notes, isEnd, waiting, now, leave } = request;
  const steps = withoutTooMany(
    planned.filter((step) => request.isOutward || !isOutward(step)),
    request,
  );
  let bytes = 0;
  return steps.filter((step) => {
    if (step.do !== "send") return true;
    const mark = here.files.get(step.path)?.mark ?? "";
    if (step.size > MAX_FILE_BYTES) {
      leave(step.path, "larger than 25 MB", mark);
      return false;
    }
    if (state.left.get(step.path) === mark) return false;
    if ((waiting.get(step.path) ?? 0) > now) {
      if (isEnd) {
        const text = `${NOT_BACK}: ${step.path} could not be sent a moment ago; it is tried again within the hour.`;
        notes.say({ text, paths: [step.path] });
      }
      return false;
    }
    bytes += step.size;
    if (bytes <= MAX_SENT_BYTES) return true;
    notes.left(step.path, "more than 512 MB at once; the rest comes with the next command");
    return false;
  });
}

/** A folder that comes with a file that is sent needs no step of its own. */
function withoutTooMany(steps: readonly Step[], { state, notes }: ChoiceRequest): Step[] {
  const parents = new Set<string>();
  for (const step of steps) {
    if (step.do !== "send") continue;
    for (let end = step.path.lastIndexOf("/"); end > 0; end = step.path.lastIndexOf("/", end - 1)) {
      const parent = step.path.slice(0, end);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  const wanted = steps.filter(
    ({ do: what, path }) => what !== "make-folder-there" || !(parents.has(path) || state.left.get(path) === FOLDER_MARK),
  );
  const news = wanted.filter((step) => step.do === "make-folder-there" || (step.do === "send" && step.stamp.version === 0));
  if (news.length <= MAX_NEW) return wanted;
  notes.say({
    text: `There are ${news.length} new files and folders in the sandbox's /workspace; more than ${MAX_NEW} at once are not brought into the workspace, so none of them was. Remove what is not needed there, or make it below /tmp; the rest comes with the next command.`,
    paths: news.map(({ path }) => path),
  });
  const left = new Set(news);
  return wanted.filter((step) => !left.has(step));
}
