package sheepdog.it.process;

import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Prints the logs of the sheep after a test that failed, while they are still there. */
final class FailureLogs implements AfterTestExecutionCallback {
    private final Supplier<String> logs;

    FailureLogs(Supplier<String> logs) {
        this.logs = logs;
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            System.err.println("=== " + context.getDisplayName() + " failed; the sheep said:\n" + logs.get());
        }
    }
}
