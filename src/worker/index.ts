// Entry of the Worker: the door, the letter box, the four objects, and Delivery, by which the house sends out.
import type { Env } from "../durable/env.ts";
import { warmUp } from "../durable/warm-up.ts";
import { app } from "./app.ts";
import { receiveMail } from "./email.ts";

export { Directory } from "../durable/directory/directory.ts";
export { Gateway } from "../durable/gateway/gateway.ts";
export { Session } from "../durable/session/session.ts";
export { Workspace } from "../durable/workspace/workspace.ts";
export { Delivery } from "./delivery.ts";
export { ChannelDesk } from "./desk.ts";

export default {
  fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response> {
    ctx.waitUntil(warmUp(env));
    return app.fetch(request, env, ctx);
  },
  email: receiveMail,
};
