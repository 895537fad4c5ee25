// Takes addresses and optional native parts out of package-lock.json, so that `npm ci` takes it anywhere: a lock made on
// one machine names optional packages of others without describing them, and is refused. Run it after `npm install`.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
lock.packages = Object.fromEntries(Object.entries(lock.packages).filter(([, entry]) => !entry.optional));
for (const entry of Object.values(lock.packages)) {
  delete entry.optionalDependencies;
  delete entry.funding;
  delete entry.resolved;
}
writeFileSync(file, JSON.stringify(lock, null, 2) + "\n");
