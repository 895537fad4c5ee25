import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Two pages, one build: the seller's phone page and the operator's desktop page share `src/core`.
 *
 * The service serves the result below `/static/`, and the two HTML files at `/s` and `/operator`.
 */
export default defineConfig({
  base: "/static/",
  build: {
    outDir: here("../inspection_service/static"),
    emptyOutDir: true,
    target: ["es2022", "safari16", "chrome100", "firefox115"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: true,
    rolldownOptions: { input: { seller: here("seller.html"), operator: here("operator.html") } },
  },
  server: {
    proxy: {
      "/v1": { target: process.env.INSPECTION_API ?? "http://127.0.0.1:8000", ws: true, changeOrigin: false },
    },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
