import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The API that the development server passes requests on to. */
const api = process.env.HARMONY_URL ?? "http://127.0.0.1:8000";
const served = [
  "/v1",
  "/livez",
  "/readyz",
  "/healthz",
  "/version",
  "/metrics",
  "/openapi.json",
  "/docs",
  "/redoc",
  "/static",
];

/** Leaves a .gz beside each script and style, so that the API compresses nothing while it serves. */
const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  async writeBundle({ dir }) {
    const folder = join(dir ?? "dist", "assets");
    for (const name of await readdir(folder))
      if (/\.(js|css|svg)$/.test(name))
        await writeFile(
          join(folder, `${name}.gz`),
          gzipSync(await readFile(join(folder, name)), { level: 9 }),
        );
  },
};

/**
 * Makes a page of each route beside index.html, which begins to load the route's own scripts at once: they would be
 * asked for only when the common ones have run.
 */
const routed: Plugin = {
  name: "routed",
  apply: "build",
  async writeBundle({ dir = "dist" }, bundle) {
    const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
    const needed = (file: string, known: Set<string>): Set<string> => {
      if (!known.has(file)) {
        known.add(file);
        for (const next of chunks.find(({ fileName }) => fileName === file)?.imports ?? [])
          needed(next, known);
      }
      return known;
    };
    const page = await readFile(join(dir, "index.html"), "utf8");
    const common = new Set(
      chunks.filter(({ isEntry }) => isEntry).flatMap((each) => [...needed(each.fileName, new Set())]),
    );
    let made = 0;
    for (const { facadeModuleId, fileName } of chunks) {
      const route = /\/routes\/(\w+)\/Page\.tsx$/.exec(facadeModuleId ?? "")?.[1];
      if (route === undefined) continue;
      const links = [...needed(fileName, new Set(common))]
        .filter((file) => !common.has(file))
        .map((file) => `    <link rel="modulepreload" crossorigin href="/${file}">\n`);
      await writeFile(join(dir, `${route}.html`), page.replace("  </head>", `${links.join("")}  </head>`));
      made += 1;
    }
    // Without them the API would have no page to serve.
    if (made === 0 || !page.includes("  </head>")) throw new Error("no page was made of the routes");
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), compressed, routed],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { host: "127.0.0.1", proxy: Object.fromEntries(served.map((path) => [path, api])) },
  build: {
    target: "es2022",
    // No file becomes a data: address in another one, which the content security policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // One browser-like world per worker instead of one per file: making it takes longer than all tests together.
    isolate: false,
  },
});
