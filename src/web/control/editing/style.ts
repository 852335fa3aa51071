// The styles of rooms in which something is written or chosen, brought in with the first of them.
import { adopt } from "../styles/adopt.ts";
import editing from "./editing.css" with { type: "text" };

adopt(editing);
