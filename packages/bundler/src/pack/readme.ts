// README.txt, the first entry of a bundle: for whoever finds the file and has neither goferry nor a network. It shows
// how to check and unpack everything with gpg, sha256sum, tar and zstd. The bundle index, which is signed, holds the
// SHA-256 of these bytes, so the same contents must always give the same text.

import { blobPath, layersFor, type Contents, type Layer } from "@goferry/core";

export function renderReadme(contents: Contents): Uint8Array {
  const { name, created, expires, go, platforms, units } = contents;
  const count = (kind: string): number => units.filter((unit) => unit.kind === kind).length;
  const sections = [
    `${name}: Go ${go.join(", ")} and modules for machines without a network`,
    [
      `Made ${created} by goferry${expires === undefined ? "" : `, to be used until ${expires}`}.`,
      `Platforms: ${platforms.join(", ")}.`,
      `Toolchains: ${count("toolchain")}. Modules: ${count("module")}. go.mod files alone: ${count("gomod")}.`,
    ].join("\n"),
    `INSTALL

  goferry verify  THIS-FILE --key PUBLIC.asc
  goferry install THIS-FILE --key PUBLIC.asc

PUBLIC.asc is the signer's public key. Get it, and goferry, by another way than this file,
and compare the key's fingerprint with one that you were told.`,
    `VERIFY WITH STOCK TOOLS (POSIX sh, gpg 2.2 or newer, GNU coreutils and tar)

  gpg --import PUBLIC.asc
  mkdir bundle && tar -xf THIS-FILE -C bundle && cd bundle
  (cd blobs/sha256 && sha256sum -- * | awk '$1 != $2 { bad = 1; print $2 ": CHANGED" } END { exit bad }') \\
    && echo "every blob is what its name says"
  INDEX=$(grep -o 'sha256:[0-9a-f]*' index.json | head -n 1 | cut -d: -f2)
  for S in $(grep -l 'BEGIN PGP SIGNATURE' blobs/sha256/*); do gpg --verify "$S" "blobs/sha256/$INDEX"; done
  grep -o '"dev.goferry.bundle.readme":"sha256:[0-9a-f]*"' "blobs/sha256/$INDEX"
  sha256sum README.txt

gpg must report a good signature with the fingerprint that you were told, and the last two
commands must show the same SHA-256: then this text is the signer's. On Windows, certutil
-hashfile FILE SHA256 and the built-in tar do the same. What stock tools cannot show is that
Go's public checksum database knows these toolchains and modules; goferry verify shows it.`,
    ...(platforms.some((platform) => platform.startsWith("windows/")) ? [WINDOWS] : []),
    `UNPACK WITH STOCK TOOLS (zstd 1.3.2 or newer)

Still in the folder "bundle", unpack the layers of one platform, listed here by the signer,
into an empty folder; DIR is its absolute path:

${platforms.map((platform) => unpackCommands(contents, platform)).join("\n\n")}

Then, in a project:

  export PATH=DIR/sdk/go${go[0]}/bin:$PATH
  export GOMODCACHE=DIR/mod GOPROXY=off GOTOOLCHAIN=local
  go build ./...`,
    `COPY TO A REGISTRY (this file is an OCI image layout)

  oras cp -r --from-oci-layout THIS-FILE:${name} REGISTRY/${name}:latest
  skopeo copy --all oci-archive:THIS-FILE:${name} docker://REGISTRY/${name}

oras copies all of it as it was signed, with the signatures. skopeo copies the images; it may
write the index that joins them anew, which then is not the one that was signed.`,
  ];
  return Buffer.from(`${sections.join("\n\n")}\n`);
}

/** One command a line: cmd and PowerShell join commands in different ways. */
const WINDOWS = `ON WINDOWS (cmd or PowerShell, with what Windows 10 and later have)

  certutil -hashfile THIS-FILE SHA256
  mkdir bundle
  tar -xf THIS-FILE -C bundle
  certutil -hashfile bundle\\README.txt SHA256

The first shows the SHA-256 of the whole file, to compare with one that you were told; the last
that of this text, as above. Signatures take gpg (Gpg4win), or goferry verify.`;

function unpackCommands(contents: Contents, platform: string): string {
  // What go asks of the checksum database is of no use without the lookups, which an installation writes.
  const layers = layersFor(contents, platform)
    .flatMap((i) => contents.layers[i] ?? [])
    .filter(({ kind }) => kind !== "log");
  return [`  # ${platform}`, ...layers.map(unpackCommand)].join("\n");
}

function unpackCommand(layer: Layer): string {
  const what = layer.kind === "mod" ? "modules" : `go${layer.go} ${layer.platform ?? "for all platforms"}`;
  return `  zstd -dc ${blobPath(layer.digest)} | tar -xf - -C DIR    # ${what}, ${layer.size} bytes`;
}
