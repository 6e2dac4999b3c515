package sheepdog.launcher;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/**
 * Ties this process's life to that of the one which started it: the kernel kills it at once when the parent is gone,
 * however that happened, so that {@code kill -9} of what a user started ends what works for it. Compiled for the Java
 * that the child runs on.
 */
public final class ParentDeath {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final long SIGKILL = 9;

    private ParentDeath() {}

    /** @param parent its process id; 0 if it is not known */
    @SuppressWarnings("restricted")
    public static void follow(long parent) throws Throwable {
        var linker = Linker.nativeLinker();
        var prctl = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("prctl"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(1));
        int result = (int) prctl.invokeExact(PR_SET_PDEATHSIG, SIGKILL, 0L, 0L, 0L);
        long now = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L);
        if (parent != 0 && now != parent) {
            Runtime.getRuntime().halt(137); // It died before the kernel was asked to watch.
        }
        if (result != 0) {
            System.err.println("cannot follow the death of the starting process");
        }
    }
}
