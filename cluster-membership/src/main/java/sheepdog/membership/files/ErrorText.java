package sheepdog.membership.files;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Set;

/** What the C library says of errors, in the user's language: all that the JDK's channels tell of an error's kind. */
@SuppressWarnings("restricted")
final class ErrorText {
    private static final int ENOSPC = 28;
    private static final int EDQUOT = 122;
    private static final Set<String> NO_SPACE = Set.of(text(ENOSPC), text(EDQUOT));

    private ErrorText() {}

    /** @param reason from an exception; null if it had none */
    static boolean isNoSpace(String reason) {
        return reason != null && NO_SPACE.contains(reason);
    }

    private static String text(int errno) {
        Linker linker = Linker.nativeLinker();
        MethodHandle strerror = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("strerror"),
                FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        try {
            var text = (MemorySegment) strerror.invokeExact(errno);
            return text.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable failure) {
            throw new IllegalStateException("strerror", failure);
        }
    }
}
