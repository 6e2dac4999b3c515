package sheepdog.collie.main;

import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import sheepdog.collie.cli.Console;
import sheepdog.collie.client.Network;

/** Lets the tests of all packages run a command within their own process. */
public final class CollieRunner {
    private CollieRunner() {}

    /** @return the exit status */
    public static int run(List<String> words, Console console, ZoneId zone, InstantSource clock, Network network) {
        return Collie.run(words, console, zone, clock, network, true).status();
    }
}
