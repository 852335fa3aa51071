// The last net under a program that holds a bridge: what fails where nobody waited for it is told, and the program goes on. Other
// work, and beside a local Skerry all of that, must not end by it.

export function outliveStrays(log: (text: string) => void): void {
  process.on("unhandledRejection", (reason) => {
    log(
      `Something failed that nobody waited for: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
  });
}
