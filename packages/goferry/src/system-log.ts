// Its own file, because it is loaded by hardly any command (root-news.ts).

export { tellSyslog } from "@goferry/installer";
