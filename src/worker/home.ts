// The door of homes: files that pass between a paired machine and the object store, or an agent's workspace. A machine proves
// itself by its own token; nothing else opens this door, and this door opens nothing else.
import { Hono } from "hono";
import { MEDIA_KEY } from "../durable/media.ts";
import { gatewayOf } from "../durable/stubs.ts";
import { bearerOf, type Door, visitorOf } from "./door.ts";
import { refuse, refuseProof } from "./errors.ts";
import { channels } from "./home/channels.ts";
import { workspaces } from "./home/workspaces.ts";
import { giveFile, takeFile } from "./media.ts";

export const home = new Hono<Door>();

home.use(async (c, next) => {
  const homeToken = bearerOf(c);
  if (homeToken === undefined) return refuse(c, 401, "UNAUTHORIZED", "Only a paired machine may use this; send its token.");
  const answer = await gatewayOf(c.env).check({ ...visitorOf(c), homeToken });
  if (answer.outcome !== "welcome") return refuseProof(c, answer);
  c.set("homeId", answer.homeId ?? "");
  return next();
});

home.route("/workspaces", workspaces);
home.route("/channels", channels);

home.post("/media", takeFile);

home.get("/media/:hash", (c) => {
  const key = `media/${c.req.param("hash")}`;
  return MEDIA_KEY.test(key) ? giveFile(c, key, "") : refuse(c, 404, "NOT_FOUND", "There is no such file.");
});
