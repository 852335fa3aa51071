// Puts the desk of homes together with the sockets, the sessions and the settings around it.
import type { LiveParcel } from "../../../contract/live.ts";
import type { Env } from "../../env.ts";
import type { Sql } from "../../storage/sql.ts";
import { directoryOf, sessionOf } from "../../stubs.ts";
import type { LogRing } from "../log-ring.ts";
import type { Screens } from "../screens.ts";
import { HomesDesk } from "./desk.ts";
import type { CommandRules } from "./rules.ts";

/** Settings of what may be called change rarely; a change is noticed after this at the latest. */
const RULES_FRESH_MS = 10_000;

export function openHomesDesk(
  sql: Sql,
  env: Env,
  own: { screens: Screens; log: LogRing; show(parcel: LiveParcel): void; rearm(): void },
): HomesDesk {
  const { screens, log, show, rearm } = own;
  let known: { at: number; rules: CommandRules } | undefined;
  return new HomesDesk(sql, {
    now: Date.now,
    lineOf: (home) => {
      const screen = screens.open().find(({ state }) => state.role === "node" && state.deviceId === home);
      return screen && { id: screen.id, send: (event, payload) => screen.tell(event, JSON.stringify(payload), Date.now()) };
    },
    show,
    receive: async (key, event) => sessionOf(env, key).receive(event, await directoryOf(env).brief(key)),
    rearm,
    rules: async () => {
      if (!known || Date.now() - known.at > RULES_FRESH_MS) {
        const { settings } = await directoryOf(env).settings();
        const { allow = [], deny = [] } = settings.gateway?.nodes?.commands ?? {};
        known = { at: Date.now(), rules: { allow, deny } };
      }
      return known.rules;
    },
    log: (level, text, facts) => log.add(level, text, facts),
  });
}
