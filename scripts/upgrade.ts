// `npm run upgrade`: the newest released version, here and deployed. The steps are in deployment/upgrading.ts.
import { parseArgs } from "node:util";
import { SCHEMAS } from "../src/durable/storage/schemas.ts";
import { ROOT } from "./build.ts";
import { openNotebook } from "./deployment/notebook.ts";
import { createNpm } from "./deployment/npm.ts";
import { openDialog } from "./deployment/real.ts";
import { openRepository } from "./deployment/repository.ts";
import { upgrade } from "./deployment/upgrading.ts";
import { explainUsage } from "./deployment/usage.ts";

const USAGE = `npm run upgrade [-- options]

Fetches the newest released version by git, installs what it needs, and deploys it when Skerry was deployed from this
folder. Files that you changed, and commits of your own, are never touched. Back again: npm run rollback.

  --latest   to the latest commit of the branch, released or not
  --help     this text`;

await explainUsage(USAGE, async () => {
  const { values } = parseArgs({
    options: { latest: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) return { help: true };
  return upgrade({
    toLatest: values.latest,
    repository: openRepository(ROOT),
    schemas: { ...SCHEMAS },
    dialog: openDialog(false),
    notebook: openNotebook(ROOT),
    npm: createNpm(ROOT),
  });
});
