import type { Command } from "./command.js";

export const shells = ["bash", "zsh", "fish"] as const;

type Named = readonly [name: string, command: Command];

/** A script that completes the names of commands and their options; null for another shell. */
export function completionScript(shell: string | undefined, commands: readonly Named[]): string | null {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case "fish":
      return fish(commands);
    default:
      return null;
  }
}

const optionsOf = ({ options }: Command) => [...Object.keys(options), "help"];

function bash(commands: readonly Named[]): string {
  const cases = commands.map(([name, command]) => {
    const options = optionsOf(command).map((option) => `--${option}`);
    return `    ${name}) words="${options.join(" ")}" ;;\n`;
  });
  return `_valve_sockets() {
  local words="${commands.map(([name]) => name).join(" ")}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    words=""
    case "\${COMP_WORDS[1]}" in
${cases.join("").replaceAll("    ", "      ")}    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _valve_sockets valve-sockets
`;
}

function fish(commands: readonly Named[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  return commands
    .flatMap(([name, command]) => [
      `complete -c valve-sockets -f -n __fish_use_subcommand -a ${name} -d ${quote(command.summary)}`,
      ...optionsOf(command).map(
        (option) => `complete -c valve-sockets -n ${quote(`__fish_seen_subcommand_from ${name}`)} -l ${option}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join("");
}
