package sheepdog.collie.command;

import java.util.List;
import java.util.Optional;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.Dates;
import sheepdog.collie.cli.Options;
import sheepdog.collie.client.Cluster;

/**
 * One command being run.
 *
 * @param options   as given, checked
 * @param arguments the operands, without a second-level word; bytes as chars
 * @param cluster   what it asks; its node list is there if the command needs it
 */
public record Invocation(Options options, List<String> arguments, Console console, Dates dates, Cluster cluster) {
    public Invocation {
        arguments = List.copyOf(arguments);
    }

    /** The operand at {@code index}, if there are so many. */
    public Optional<String> argument(int index) {
        return index < arguments.size() ? Optional.of(arguments.get(index)) : Optional.empty();
    }
}
