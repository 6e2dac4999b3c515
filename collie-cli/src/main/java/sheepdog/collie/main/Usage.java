package sheepdog.collie.main;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import sheepdog.commandline.OptionSpecs;

/** The sections of help, laid out as scripts and completions parse them. */
final class Usage {
    private Usage() {}

    /** Everything there is, by family. */
    static String general(CommandLine root) {
        return text(root.getCommandSpec(), Map.of("commands", Usage::allCommands));
    }

    /** The commands of a family, for a complaint. */
    static String family(CommandLine family) {
        return text(family.getCommandSpec(), Map.of("commands", Usage::familysCommands));
    }

    /** How one command is called. */
    static String command(CommandSpec command) {
        var sections = new LinkedHashMap<String, Function<CommandSpec, String>>();
        sections.put("synopsis", Usage::synopsis);
        sections.put("words", Usage::words);
        sections.put("options", Usage::options);
        return text(command, sections);
    }

    private static String text(CommandSpec spec, Map<String, Function<CommandSpec, String>> sections) {
        var renderers = new LinkedHashMap<String, IHelpSectionRenderer>();
        sections.forEach((key, section) -> renderers.put(key, help -> section.apply(help.commandSpec())));
        spec.usageMessage().sectionKeys(List.copyOf(renderers.keySet())).sectionMap(renderers);
        return spec.commandLine().getUsageMessage(Ansi.OFF);
    }

    private static String allCommands(CommandSpec root) {
        var text = new StringBuilder(summary(root) + "\nUsage: collie <command> <subcommand> [options]\n\n");
        text.append("Available commands:\n");
        for (CommandSpec family : subcommands(root)) {
            subcommands(family).forEach(command -> text.append(OptionSpecs.row(title(command), summary(command))));
            text.append(family.name().equals("vdi") ? "\n" : "");
        }
        return text.append("\n\nFor more information, run 'collie <command> <subcommand> --help'.\n")
                .toString();
    }

    private static String familysCommands(CommandSpec family) {
        var text = new StringBuilder("Available " + family.name() + " commands:\n");
        subcommands(family).forEach(command -> text.append("  " + title(command) + "\n"));
        return text.toString();
    }

    private static String synopsis(CommandSpec command) {
        var line = new StringBuilder("Usage: ").append(command.qualifiedName());
        if (!command.subcommands().isEmpty()) {
            line.append(" {")
                    .append(String.join("|", command.subcommands().keySet()))
                    .append("}");
        }
        for (var option : command.options()) {
            line.append(" [").append(option.shortestName());
            line.append(OptionSpecs.takesValue(option) ? " " + option.paramLabel() : "")
                    .append("]");
        }
        String brackets = "";
        for (PositionalParamSpec operand : command.positionalParameters()) {
            if (!operand.hidden()) {
                boolean optional = operand.arity().min() == 0;
                line.append(optional ? " [" : " ").append(operand.paramLabel());
                brackets += optional ? "]" : "";
            }
        }
        return line.append(brackets).append("\n").toString();
    }

    private static String words(CommandSpec command) {
        if (command.subcommands().isEmpty()) {
            return "";
        }
        var text = new StringBuilder("Available subcommands:\n");
        subcommands(command).forEach(word -> text.append(OptionSpecs.row(word.name(), summary(word))));
        return text.toString();
    }

    private static String options(CommandSpec command) {
        return "Options:\n" + OptionSpecs.table(command);
    }

    private static List<CommandSpec> subcommands(CommandSpec spec) {
        return spec.subcommands().values().stream()
                .map(CommandLine::getCommandSpec)
                .toList();
    }

    private static String title(CommandSpec command) {
        return command.parent().name() + " " + command.name();
    }

    private static String summary(CommandSpec spec) {
        return spec.usageMessage().description()[0];
    }
}
