// Logins in URLs, on their way into a message. What is printed is most often text of others (go, git, servers, a
// spec), in which nobody knows where a URL ends; so this takes away too much rather than too little.

/**
 * The text without user and password of the URLs in it: `https://***@example.com/`. From each `//` up to the last @
 * before a slash or white space, so that odd characters in a password do not save it.
 */
export function redactUrls(text: string): string {
  return text.replaceAll(/\/\/[^/\s]*@/gu, "//***@");
}
