import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * The verification page: one HTML file with everything inside, so that a copy of it works from a disk in ten years.
 *
 * A classic script, because browsers load no modules from files; a policy that names the script and the style by their
 * hashes and allows nothing else, so that the page cannot send anything anywhere.
 */
function oneFile(): Plugin {
  return {
    name: "one-file",
    enforce: "post",
    generateBundle(_, bundle) {
      let [script, style] = ["", ""];
      for (const [name, part] of Object.entries(bundle)) {
        if (part.type === "chunk") script += part.code;
        else if (name.endsWith(".css")) style += String(part.source);
        else this.error(`${name} has no place in a page of one file`);
        delete bundle[name];
      }
      // Nothing in the script may look like its end.
      script = `\n${script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--")}`;
      style = `\n${style}`;
      const policy = [
        "default-src 'none'",
        `script-src ${hashOf(script)}`,
        `style-src ${hashOf(style)}`,
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
      ].join("; ");
      const values: Record<string, string> = { policy, style, script };
      const source = readFileSync(here("verify.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? "");
      this.emitFile({ type: "asset", fileName: "verify.html", source });
    },
  };
}

const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export default defineConfig({
  publicDir: false,
  build: {
    outDir: here("../inspection_service/static"),
    emptyOutDir: false,
    target: ["es2022", "safari16", "chrome100", "firefox115"],
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    rolldownOptions: {
      input: here("src/verify/main.tsx"),
      output: { format: "iife" },
    },
  },
  plugins: [oneFile()],
});
