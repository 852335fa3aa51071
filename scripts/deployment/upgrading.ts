// From the version that is here to the newest released one: the code by git, the packages, then the deployment if there
// is one. Nothing is touched until all that could be in the way is out of it, and a failure leads back.
import type { Dialog } from "./dialog.ts";
import { keepBefore, type Notebook } from "./notebook.ts";
import type { Repository } from "./repository.ts";

export interface UpgradeRequest {
  /** To the latest commit of the branch, released or not. */
  toLatest: boolean;
  repository: Repository | undefined;
  /** How far the stores have come in the version that is here. */
  schemas: Record<string, number>;
  dialog: Dialog;
  notebook: Notebook;
  /** Answers whether it went well; what it prints is seen. */
  npm(args: string[]): Promise<boolean>;
}

export type Upgraded = { outcome: "upgraded" | "current" } | { outcome: "refused"; reason: string };

export async function upgrade(request: UpgradeRequest): Promise<Upgraded> {
  const { repository, dialog, notebook, npm } = request;
  dialog.title("Skerry: to the newest version");
  if (!repository) {
    return refuse("This folder is no git repository, so there is nothing to upgrade from. Clone Skerry, and take .skerry along.");
  }
  const obstacle = findObstacle(repository);
  if (obstacle) return refuse(obstacle);
  const upstream = repository.upstream();
  if (!upstream) {
    return refuse(
      `The branch ${repository.branch()} follows no branch of a remote. Say which: git branch --set-upstream-to=origin/main`,
    );
  }
  const failure = await dialog.wait(`Asking ${upstream.remote} for newer versions`, () => repository.fetch(upstream.remote));
  if (failure) return refuse(`git could not reach ${upstream.remote}: ${failure}. Nothing was changed.`);

  const head = repository.head();
  const from = repository.describe();
  const wanted = request.toLatest ? upstream.ref : (repository.newestRelease(upstream) ?? upstream.ref);
  const target = repository.commitOf(wanted);
  if (target === undefined) return refuse(`${wanted} leads nowhere. Look with git branch -a.`);
  if (repository.isAncestor(target, head)) {
    dialog.end(`${from} is the newest${request.toLatest ? "" : " released"} version. Nothing was changed.`);
    return { outcome: "current" };
  }
  if (!repository.isAncestor(head, target)) {
    return refuse(
      `The branch ${repository.branch()} has commits of its own, so it cannot simply go on to ${wanted}. Merge by hand (git merge ${wanted}), then npm ci and npm run deploy. Nothing was changed.`,
    );
  }

  const notes = notebook.read();
  repository.forward(target);
  const isInstalled = await dialog.wait("Installing what it needs", () => npm(["ci"]));
  if (!isInstalled) {
    repository.back(head);
    await dialog.wait("Going back to what was there", () => npm(["ci"]));
    return refuse(`The packages of ${wanted} could not be installed; the lines above say why. You are back at ${from}.`);
  }
  const before = { version: from, commit: head, schemas: request.schemas, at: Date.now() };
  notebook.write({ ...notes, codeBefore: keepBefore(before, notes.codeBefore) });
  dialog.tell(`The code went from ${from} to ${repository.describe()}.`);

  if (notes.deployment) {
    if (await npm(["run", "deploy"])) return { outcome: "upgraded" };
    return refuse(
      "The code is the new one, and what is deployed is still the old. Mend what the lines above say, then npm run deploy.",
    );
  }
  if (!(await dialog.wait("Building it", () => npm(["run", "build"])))) {
    return refuse("The new version could not be built; the lines above say why. npm run rollback leads back.");
  }
  dialog.end("Stop Skerry if it runs (Ctrl-C) and start it again: npm start. Back again: npm run rollback.");
  return { outcome: "upgraded" };
}

/** What must not be overwritten. */
export function findObstacle(repository: Repository): string | undefined {
  const changes = repository.changes();
  if (changes.length > 0) {
    const names = changes.slice(0, 5).map((line) => line.slice(2).trim());
    const more = changes.length > names.length ? ` and ${changes.length - names.length} more` : "";
    return `Files were changed by hand: ${names.join(", ")}${more}. Commit them, or put them aside with git stash; nothing was changed.`;
  }
  return repository.branch() ? undefined : "No branch is checked out. Go to yours first (git switch main); nothing was changed.";
}

function refuse(reason: string): Upgraded {
  return { outcome: "refused", reason };
}
