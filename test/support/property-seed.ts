// Property tests draw the same cases in every run, so that a failure can be had again. FC_SEED draws others: for hunting.
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_261_123) });
