package sheepdog.collie.main;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.List;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.cli.Console;
import sheepdog.collie.cli.Dates;
import sheepdog.collie.cli.ExitCode;
import sheepdog.collie.client.Cluster;
import sheepdog.collie.client.Network;
import sheepdog.collie.cluster.ClusterCommands;
import sheepdog.collie.command.Model;
import sheepdog.collie.node.NodeCommands;
import sheepdog.collie.vdi.VdiCommands;

/** The administrator's program. */
public final class Collie {
    private Collie() {}

    /** Runs one command and ends the process with its exit status. */
    @SuppressWarnings("resource") // The standard streams are nobody's to close.
    public static void main(String[] args) {
        var console = new Console(
                new FileInputStream(FileDescriptor.in).getChannel(),
                new FileOutputStream(FileDescriptor.out).getChannel(),
                new FileOutputStream(FileDescriptor.err).getChannel(),
                isTerminal(1),
                isTerminal(2));
        List<String> words = new RawArguments(Path.of("/proc/self/cmdline"), nativeEncoding()).of(args);
        boolean permute = System.getenv("POSIXLY_CORRECT") == null;
        ExitCode code = run(words, console, ZoneId.systemDefault(), InstantSource.system(), Network.STANDARD, permute);
        System.exit(code.status());
    }

    /**
     * Runs one command and writes out all it has to say.
     *
     * @param words   the arguments, bytes as chars
     * @param zone    of the times that are printed
     * @param permute whether options may follow operands
     */
    static ExitCode run(
            List<String> words, Console console, ZoneId zone, InstantSource clock, Network network, boolean permute) {
        var dates = new Dates(zone);
        var dispatch = new Dispatch(
                model(clock), console, dates, permute, address -> new Cluster(address, network, console, dates, clock));
        ExitCode code = dispatch.run(words);
        try {
            console.flush();
            return code;
        } catch (CommandException unwritten) {
            unwritten.lines().forEach(console::error);
            return unwritten.code();
        }
    }

    /** Every command, in the order of the help. */
    static Model model(InstantSource clock) {
        return new Model(
                "collie",
                "Sheepdog administrator utility",
                List.of(VdiCommands.family(), NodeCommands.family(), ClusterCommands.family(clock)));
    }

    /** Whether a descriptor is a terminal, told by what it is open on: cheaper at start than asking the C library. */
    private static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException _) {
            var terminal = System.console();
            return terminal != null && terminal.isTerminal();
        }
    }

    private static String nativeEncoding() {
        return System.getProperty("sun.jnu.encoding", "UTF-8");
    }
}
