import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import globals from "globals";
import ts from "typescript-eslint";

/** What each folder of src/ may import from; the house has no other doors. */
const borders = {
  lib: [],
  api: ["lib"],
  ui: ["lib", "api"],
  live: ["lib", "api"],
  nouns: ["lib", "api", "ui", "live", "nouns"],
  shell: ["lib", "api", "ui", "live", "nouns", "shell"],
  routes: ["lib", "api", "ui", "live", "nouns", "shell"],
};

const folders = Object.keys(borders);

/** A route never imports another route: what two of them need is a noun. */
const kept = folders.map((folder) => ({
  files: [`src/${folder}/**/*.{ts,tsx}`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          {
            group: ["../*"],
            message: "Write @/folder/… to reach out of a folder: the borders are linted by it.",
          },
          ...folders
            .filter((other) => other !== folder && !borders[folder].includes(other))
            .map((other) => ({ group: [`@/${other}/*`], message: `${folder}/ does not know ${other}/.` })),
          ...(folder === "routes"
            ? [{ group: ["@/routes/*"], message: "Routes do not know each other." }]
            : []),
        ],
      },
    ],
  },
}));

export default ts.config(
  { ignores: ["dist", "src/api/schema.d.ts", "test-results", "playwright-report"] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  hooks.configs.flat["recommended-latest"],
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Numbers and dates in templates are what formatting functions are made of.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // TanStack Router throws redirects and not-found values: its documented way.
      "@typescript-eslint/only-throw-error": "off",
      // Handlers of events may be async: React ignores what they return, and errors reach the query client.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-console": "error",
    },
  },
  { files: ["*.js", "public/**/*.js"], ...ts.configs.disableTypeChecked },
  { files: ["public/**/*.js"], languageOptions: { globals: globals.browser } },
  ...kept,
);
