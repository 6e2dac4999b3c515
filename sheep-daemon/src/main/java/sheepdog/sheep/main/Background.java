package sheepdog.sheep.main;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * Leaving the terminal. The start script runs this process with a pipe and waits for one word from it: an exit code if
 * the start failed early, or that all is well; then the script ends, and this process holds neither its terminal nor
 * its directory any more.
 */
final class Background {
    /** Names the descriptor of the pipe; set by the script. */
    static final String PROPERTY = "sheepdog.background";

    private static final int O_RDWR = 2;

    private final int pipe;

    Background(int pipe) {
        this.pipe = pipe;
    }

    /** Says that the start failed. The process is to end with that code. */
    void failed(int exit) {
        say(Integer.toString(exit));
    }

    /** Says that all is well, having let go of the terminal. */
    void detach() {
        try (var arena = Arena.ofConfined()) {
            int none = (int) call("open", ValueLayout.ADDRESS, ValueLayout.JAVA_INT)
                    .invoke(arena.allocateFrom("/dev/null"), O_RDWR);
            for (int descriptor = 0; none >= 0 && descriptor <= 2; descriptor++) {
                int _ = (int)
                        call("dup2", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT).invoke(none, descriptor);
            }
            int _ = (int) call("chdir", ValueLayout.ADDRESS).invoke(arena.allocateFrom("/"));
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
        say("ready");
    }

    @SuppressWarnings("restricted")
    private void say(String word) {
        byte[] bytes = (word + "\n").getBytes(StandardCharsets.US_ASCII);
        try (var arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            long _ = (long) Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("write"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_LONG))
                    .invoke(pipe, text, (long) bytes.length);
            int _ = (int) call("close", ValueLayout.JAVA_INT).invoke(pipe);
        } catch (Throwable impossible) {
            throw new AssertionError(impossible);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle call(String name, ValueLayout... parameters) {
        var linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }
}
