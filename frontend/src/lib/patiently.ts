/**
 * Loads a part of the dashboard's own script, and waits while the server is away: a page that was open when the
 * server was restarted must not fall to pieces. A part that a reachable server does not have is of an older build;
 * that fails, and the router loads the page anew.
 */
export async function patiently<T>(load: () => Promise<T>, pause = wait): Promise<T> {
  for (let delay = 500; ; delay = Math.min(delay * 2, 4_000)) {
    try {
      return await load();
    } catch (error) {
      if (await answers()) return load().catch(() => Promise.reject(error as Error));
      await pause(delay);
    }
  }
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch("/livez", { cache: "no-store" })).ok;
  } catch {
    // Nobody is there: that is what was asked.
    return false;
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, milliseconds));
}
