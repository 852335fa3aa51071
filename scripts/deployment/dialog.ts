// The talk with whoever deploys: on a terminal with questions, one at a time; without one it asks nothing, and says the
// same in plain lines. Answers of secrets are not shown.
import * as clack from "@clack/prompts";

export interface Choice {
  value: string;
  label: string;
  hint?: string;
}

export interface Dialog {
  /** False: nobody can be asked, and asking is a mistake. */
  canAsk: boolean;
  title(text: string): void;
  say(text: string): void;
  /** What is done already. */
  tell(text: string): void;
  /** Something that may take longer than a second. */
  wait<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** The last word, as it is: addresses and secrets must stay whole to be copied. */
  end(text: string): void;
  ask(question: string, first: string, check: (answer: string) => string | undefined): Promise<string>;
  askSecret(question: string): Promise<string>;
  choose(question: string, choices: Choice[]): Promise<string>;
  confirm(question: string): Promise<boolean>;
}

/** Ctrl-C, or Escape, at a question. */
export class Left extends Error {
  override readonly name = "Left";
}

function stay<T>(answer: T): Exclude<T, symbol> {
  if (clack.isCancel(answer)) throw new Left("left");
  return answer as Exclude<T, symbol>;
}

export function openTerminalDialog(): Dialog {
  return {
    canAsk: true,
    title: (text) => clack.intro(text),
    say: (text) => clack.log.message(text),
    tell: (text) => clack.log.success(text),
    end: (text) => {
      clack.outro("Done.");
      process.stdout.write(`${text}\n`);
    },
    async wait(what, work) {
      const spinner = clack.spinner({ indicator: "timer" });
      spinner.start(what);
      try {
        const result = await work();
        spinner.stop(what);
        return result;
      } catch (error) {
        spinner.error(what);
        throw error;
      }
    },
    ask: async (message, initialValue, check) => {
      const answer = stay(await clack.text({ message, initialValue, validate: (value) => check((value ?? "").trim()) }));
      return answer.trim();
    },
    askSecret: async (message) => (stay(await clack.password({ message })) ?? "").trim(),
    choose: async (message, options) => stay(await clack.select({ message, options, maxItems: 9 })),
    confirm: async (message) => stay(await clack.confirm({ message })),
  };
}

export function openSilentDialog(print: (line: string) => void): Dialog {
  const nobody = () => Promise.reject(new Error("There is nobody to ask."));
  return {
    canAsk: false,
    title: print,
    say: print,
    tell: print,
    end: print,
    wait: (what, work) => {
      print(`${what} …`);
      return work();
    },
    ask: nobody,
    askSecret: nobody,
    choose: nobody,
    confirm: nobody,
  };
}
