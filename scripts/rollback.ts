// `npm run rollback`: the version before, deployed and here. The steps are in deployment/rolling-back.ts.
import { parseArgs } from "node:util";
import { SCHEMAS } from "../src/durable/storage/schemas.ts";
import { ROOT } from "./build.ts";
import { openNotebook } from "./deployment/notebook.ts";
import { createNpm } from "./deployment/npm.ts";
import { askVersion, openDialog, openWrangle } from "./deployment/real.ts";
import { openRepository } from "./deployment/repository.ts";
import { rollBack } from "./deployment/rolling-back.ts";
import { explainUsage } from "./deployment/usage.ts";

const USAGE = `npm run rollback [-- options]

Puts the version before in use again, in seconds, and takes the code of this folder back to it. Talks, files and settings
stay as they are; a version that could not read them is refused, and so is one from before a change of Cloudflare's
stored objects. Forward again: npm run upgrade.

  --help     this text`;

await explainUsage(USAGE, async () => {
  const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });
  if (values.help) return { help: true };
  return rollBack({
    repository: openRepository(ROOT),
    schemas: { ...SCHEMAS },
    wrangle: openWrangle(),
    dialog: openDialog(false),
    notebook: openNotebook(ROOT),
    npm: createNpm(ROOT),
    askVersion,
  });
});
