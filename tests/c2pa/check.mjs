// Reads Content Credentials with an implementation that shares no code with ours; prints one JSON line for each file.
import { readFile } from "node:fs/promises";
import { JPEG } from "@trustnxt/c2pa-ts/asset";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { ManifestStore } from "@trustnxt/c2pa-ts/manifest";

async function check(file) {
  const bytes = new Uint8Array(await readFile(file));
  if (!JPEG.canRead(bytes)) return { file, valid: false, why: "not a JPEG" };
  const asset = new JPEG(bytes);
  const jumbf = asset.getManifestJUMBF();
  if (!jumbf) return { file, valid: false, why: "no credentials" };
  const result = await ManifestStore.read(SuperBox.fromBuffer(jumbf)).validate(asset);
  return { file, valid: result.isValid, codes: result.statusEntries?.map((entry) => entry.code) ?? [] };
}

for (const file of process.argv.slice(2)) {
  const said = await check(file).catch((error) => ({ file, valid: false, why: String(error) }));
  console.log(JSON.stringify(said));
}
