// Entry of the Worker: the door, the four objects, and Delivery, by which the house sends out.
import { app } from "./app.ts";

export { Directory } from "../durable/directory/directory.ts";
export { Gateway } from "../durable/gateway/gateway.ts";
export { Session } from "../durable/session/session.ts";
export { Workspace } from "../durable/workspace/workspace.ts";
export { Delivery } from "./delivery.ts";

export default { fetch: app.fetch };
