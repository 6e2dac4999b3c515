package sheepdog.it.mutants;

import java.util.regex.Pattern;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs one class of tests, with whatever classes come first on the class path, until one of them fails. */
public final class TestMain {
    /** The line that says which failed, and how. */
    static final Pattern FAILED = Pattern.compile("failed (\\w+): (.*)");

    private TestMain() {}

    /**
     * Exit status 1 if a test failed, or there is none.
     *
     * @param arguments the class's name
     */
    public static void main(String[] arguments) {
        var tests = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(arguments[0]))
                .build();
        var listener = new UntilOneFails();
        LauncherFactory.create().execute(tests, listener);
        System.out.println(listener.passed + " tests passed");
        System.exit(listener.passed > 0 ? 0 : 1);
    }

    private static final class UntilOneFails implements TestExecutionListener {
        private int passed;

        @Override
        public void testPlanExecutionStarted(TestPlan plan) {
            passed = 0;
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                String why = result.getThrowable().map(TestMain::innermost).orElse("");
                System.out.println("failed " + name(test) + ": " + why.replace('\n', ' '));
                System.exit(1);
            } else if (test.isTest()) {
                passed++;
            }
        }
    }

    /** Without what tells apart the runs of one method. */
    private static String name(TestIdentifier test) {
        return test.getSource()
                .map(source -> source instanceof MethodSource method ? method.getMethodName() : "aWholeClass")
                .orElse("something");
    }

    private static String innermost(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }
}
