package sheepdog.collie.command;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.Dates;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Cluster;

/**
 * One command being run.
 *
 * @param command   holds the values of the options, checked
 * @param arguments the operands, without a second-level word; bytes as chars
 * @param cluster   what it asks; its node list is there if the command needs it
 */
public record Invocation(CommandSpec command, List<String> arguments, Console console, Dates dates, Cluster cluster) {
    public Invocation {
        arguments = List.copyOf(arguments);
    }

    /**
     * The value of an option that the command has.
     *
     * @param name the long form without hyphens
     * @return what it was read as; if it was not given, what then stands for it
     */
    public <T> T option(String name) {
        return command.findOption("--" + name).getValue();
    }

    /** The operand at {@code index}, if there are so many. */
    public Optional<String> argument(int index) {
        return index < arguments.size() ? Optional.of(arguments.get(index)) : Optional.empty();
    }

    /**
     * For commands that have no scripts of 2013 to please, whose further words the original ignores.
     *
     * @throws CommandException ending the command, if there are more operands
     */
    public void takesAtMost(int operands) {
        argument(operands).ifPresent(word -> {
            throw new CommandException(ExitCode.USAGE, "Unexpected argument '" + word + "'");
        });
    }
}
