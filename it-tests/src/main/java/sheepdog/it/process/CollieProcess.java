package sheepdog.it.process;

import java.util.ArrayList;
import java.util.List;

/** Runs collie as its own process. */
public final class CollieProcess {
    private CollieProcess() {}

    /**
     * A collie command, to be run.
     *
     * @param arguments as on a command line
     */
    public static Command command(String... arguments) {
        return command(List.of(), arguments);
    }

    /** Likewise, behind words such as {@code ip netns exec NAME}. */
    public static Command command(List<String> prefix, String... arguments) {
        var words = new ArrayList<>(prefix);
        words.addAll(List.of(Tools.java().toString(), "-jar", Tools.collieJar().toString()));
        words.addAll(List.of(arguments));
        return Command.of(words).with("TZ", "UTC");
    }
}
