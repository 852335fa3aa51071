// npm as a program, with its output shown. It runs on the Node of the system, not on the one in node_modules: `npm ci`
// takes that away and puts it back.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

export function createNpm(root: string): (args: string[]) => Promise<boolean> {
  return (args) => {
    const own = join(root, "node_modules");
    const path = (process.env["PATH"] ?? "").split(delimiter).filter((dir) => !dir.startsWith(own));
    const child = spawn("npm", args, {
      cwd: root,
      stdio: "inherit",
      shell: process.platform === "win32",
      env: { ...process.env, PATH: path.join(delimiter) },
    });
    return new Promise((done) => {
      child.once("error", (error) => {
        console.error(`npm could not be started: ${error.message}`);
        done(false);
      });
      child.once("close", (code) => done(code === 0));
    });
  };
}
