// Back to the version before: what is deployed by Cloudflare's own roll-back, which takes seconds and uploads nothing;
// the code by git, so that the next deployment does not bring the new version again. Stored data does not go back, so a
// version that could not read it is refused before anything is touched.
import { type Asking, awaitVersion } from "./answering.ts";
import { explainFailure } from "./failures.ts";
import { type DeployedRelease, type DeploymentNote, type Notebook, type Release, storesTooNew } from "./notebook.ts";
import type { Repository } from "./repository.ts";
import { findObstacle } from "./upgrading.ts";
import type { Wrangle } from "./wrangler.ts";

export interface RollbackRequest extends Asking {
  repository: Repository | undefined;
  /** How far the stores have come in the version that is here. */
  schemas: Record<string, number>;
  wrangle: Wrangle;
  notebook: Notebook;
  npm(args: string[]): Promise<boolean>;
}

export type RolledBack = { outcome: "back" } | { outcome: "refused"; reason: string };

export async function rollBack(request: RollbackRequest): Promise<RolledBack> {
  const { dialog, notebook } = request;
  dialog.title("Skerry: back to the version before");
  const { deployment } = notebook.read();
  return deployment ? rollDeploymentBack(request, deployment) : rollCodeBack(request);
}

async function rollDeploymentBack(request: RollbackRequest, deployment: DeploymentNote): Promise<RolledBack> {
  const { dialog, notebook, wrangle } = request;
  const { name, current, accountId, url } = deployment;
  const target = deployment.before[0];
  if (!target) {
    return refuse(
      `No version before ${current.version} is noted here. All that Cloudflare keeps: npx wrangler versions list --name ${name}; back to one: npx wrangler rollback <id> --name ${name}.`,
    );
  }
  const reason = findGap(current, target);
  if (reason) return refuse(reason);

  const message = `Back from ${current.version} to ${target.version}`;
  const args = ["rollback", target.versionId, "--name", name, "--message", message, "--yes"];
  const done = await dialog.wait(`Going back from ${current.version} to ${target.version}`, () => wrangle(args, { accountId }));
  if (!done.isOk) {
    const failure = explainFailure(done.text, { accountId, name });
    const byHand = failure.kind === "secrets-changed" ? ` Run npx wrangler rollback ${target.versionId} --name ${name}.` : "";
    return refuse(`${failure.reason}${byHand} ${current.version} goes on.`);
  }
  notebook.write({ ...notebook.read(), deployment: { ...deployment, current: target, before: deployment.before.slice(1) } });
  const isAnswering = url === undefined || (await awaitVersion(request, url, target.version));
  const code = await takeCodeAlong(request, target);
  const where = url ? ` at ${url}` : "";
  dialog.end(
    [
      "",
      isAnswering
        ? `Skerry ${target.version} answers again${where}. Talks, files and settings are as they were a moment ago.`
        : `Cloudflare went back to ${target.version}, which does not answer${where} yet: look again in a minute.`,
      code,
    ].join("\n"),
  );
  return { outcome: "back" };
}

/** What lies between two deployed versions that no roll-back can cross. */
function findGap(current: DeployedRelease, target: DeployedRelease): string | undefined {
  if (current.migration !== target.migration) {
    return `Between ${target.version} and ${current.version} the kinds of stored objects changed (${target.migration} → ${current.migration}), and Cloudflare goes back over no such change. ${current.version} goes on; a newer version is the way out: npm run upgrade.`;
  }
  return findNewerStores(current, target);
}

function findNewerStores(later: Release, earlier: Release): string | undefined {
  const stores = storesTooNew(later, earlier);
  if (stores.length === 0) return undefined;
  return `${later.version} has changed how it stores ${stores.join(", ")}, and ${earlier.version} could not read that: it would close its doors. Nothing was changed; a newer version is the way out: npm run upgrade.`;
}

/** Answers a sentence about the code. */
async function takeCodeAlong(request: RollbackRequest, target: DeployedRelease): Promise<string> {
  const { repository } = request;
  const stays = (why: string) => `The code in this folder stays as it is (${why}), so npm run deploy would bring it again.`;
  if (!repository) return stays("it is no git repository");
  const wrong = findCodeObstacle(repository, target.commit);
  if (wrong) return stays(wrong);
  if (target.commit === undefined || target.commit === repository.head())
    return "The code in this folder is that of this version.";
  repository.back(target.commit);
  return (await request.dialog.wait("Installing what it needs", () => request.npm(["ci"])))
    ? "The code in this folder went back too. Forward again: npm run upgrade."
    : "The code in this folder went back too, but its packages could not be installed: run npm ci.";
}

/** Commits of one's own are never dropped: the remote must have the head. */
function findCodeObstacle(repository: Repository, commit: string | undefined): string | undefined {
  if (findObstacle(repository)) return "files were changed by hand, or no branch is checked out";
  if (commit === undefined || repository.commitOf(commit) === undefined) return "the commit of that version is not here";
  if (commit === repository.head()) return undefined;
  const upstream = repository.upstream();
  if (!upstream || !repository.isAncestor(repository.head(), upstream.ref))
    return "the branch has commits that its remote has not";
  return repository.isAncestor(commit, repository.head()) ? undefined : "that version is not among its ancestors";
}

async function rollCodeBack(request: RollbackRequest): Promise<RolledBack> {
  const { dialog, repository, notebook, npm } = request;
  const notes = notebook.read();
  const target = notes.codeBefore[0];
  if (!target?.commit)
    return refuse("No upgrade and no deployment of this folder is noted, so there is no version to go back to.");
  if (!repository) return refuse("This folder is no git repository any more, so it cannot go back.");
  const here: Release = { version: repository.describe(), schemas: request.schemas, at: Date.now() };
  const reason = findNewerStores(here, target) ?? findObstacle(repository);
  if (reason) return refuse(reason);
  const wrong = findCodeObstacle(repository, target.commit);
  if (wrong) return refuse(`The code cannot go back to ${target.version}: ${wrong}. Nothing was changed.`);
  repository.back(target.commit);
  notebook.write({ ...notes, codeBefore: notes.codeBefore.slice(1) });
  const isReady =
    (await dialog.wait("Installing what it needs", () => npm(["ci"]))) &&
    (await dialog.wait("Building it", () => npm(["run", "build"])));
  if (!isReady) return refuse(`The code is that of ${target.version}, but it could not be built. Run npm ci && npm run build.`);
  dialog.end(
    `Back at ${target.version}. Stop Skerry if it runs (Ctrl-C) and start it again: npm start. Forward: npm run upgrade.`,
  );
  return { outcome: "back" };
}

function refuse(reason: string): RolledBack {
  return { outcome: "refused", reason };
}
