// Platforms of projects that the Go of a bundle does not build for. The spec knows the platforms of all Go versions; which
// of them this version has (windows/arm ended with 1.25) only that version can say, and it says it to any build.
import { GoferryError } from "@goferry/core";
import type { GoCommand } from "./command.ts";
import { platformEnv } from "./project-closure.ts";

export interface WantedPlatforms {
  /** Where the platforms stand in the spec. */
  where: string;
  platforms: readonly string[];
}

export interface RefusePlatformsOptions {
  go: GoCommand;
  /** Version of `go`, for the message. */
  version: string;
  /** Absolute folder to run in. */
  cwd: string;
  signal?: AbortSignal | undefined;
}

/**
 * Asks `go` about each of the platforms.
 * @throws SPEC_INVALID for one that it does not know; what GoCommand.attempt throws
 */
export async function refuseUnknownPlatforms(
  wanted: readonly WantedPlatforms[],
  { go, version, cwd, signal }: RefusePlatformsOptions,
): Promise<void> {
  for (const { where, platforms } of wanted) {
    for (const platform of platforms) {
      const env = platformEnv(platform, false);
      // Prints what it would do; unsafe is the one package without files to compile.
      const { failure } = await go.attempt(["build", "-n", "unsafe"], { cwd, env, signal });
      if (failure === undefined || !/unsupported GOOS\/GOARCH pair/u.test(failure.found ?? "")) continue;
      throw new GoferryError("SPEC_INVALID", {
        subject: where,
        message: `Go ${version} does not build for ${platform}`,
        expected: `platforms that \`go tool dist list\` of Go ${version} names`,
        found: platform,
        next: "take the platform out, or make a bundle with an older Go for it",
        cause: failure,
      });
    }
  }
}
