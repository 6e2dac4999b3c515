package sheepdog.it.scripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sheepdog.it.process.Command;
import sheepdog.it.process.Tools;

/** {@code packaging/lib/report.sh}: what {@code ./check} says of Maven's output and of the reports. */
class ReportTest {
    private static final String STARTED = """
            [INFO] Scanning for projects...
            [INFO] Building Sheepdog object store 0.1.0                              [2/3]
            [INFO] --- maven-compiler-plugin:3.16.0:compile (default-compile) @ object-store ---
            [INFO] Running sheepdog.store.GoodTest
            [INFO] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 1.5 s -- in sheepdog.store.GoodTest
            [INFO] Running sheepdog.store.BadTest
            """;

    @TempDir
    Path folder;

    @Test
    void classThatPassesIsOneLineAndMavensWorkIsNone() throws IOException {
        assertThat(told(STARTED))
                .isEqualTo("\nSheepdog object store\n  sheepdog.store.GoodTest: 3 tests, 1 skipped, 1.5 s\n");
        assertThat(lost()).isEmpty();
    }

    @Test
    void failureIsShownWithAllThatItsClassPrinted() throws IOException {
        report("sheepdog.store.BadTest-output.txt", "seed = 42\n");

        String told = told(STARTED + """
                [ERROR] Tests run: 1, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 s <<< FAILURE! -- in sheepdog.store.BadTest
                [ERROR] sheepdog.store.BadTest.loses -- Time elapsed: 0.1 s <<< FAILURE!
                org.opentest4j.AssertionFailedError: it was lost
                	at sheepdog.store.BadTest.loses(BadTest.java:7)

                [INFO]
                [INFO] Results:
                [ERROR] Failures:
                [ERROR]   BadTest.loses:7 it was lost
                """);

        assertThat(told)
                .contains("  sheepdog.store.BadTest: 1 test, 1 failed, 0.1 s\n")
                .contains("it was lost\n", "at sheepdog.store.BadTest.loses(BadTest.java:7)", "seed = 42\n")
                .containsOnlyOnce("it was lost");
    }

    @Test
    void testRunThatHangsIsNamedOnceWithTheClassItWasIn() throws IOException {
        String told = told(STARTED + """
                [ERROR] Failed to execute goal surefire: There was a timeout in the fork
                [ERROR] There was a timeout in the fork
                """);

        assertThat(lost())
                .isEqualTo("a test run of Sheepdog object store hung and was ended during sheepdog.store.BadTest\n");
        assertThat(told).contains(lost());
    }

    @Test
    void testRunThatDiesIsNamed() throws IOException {
        told(STARTED + "[ERROR] The forked VM terminated without properly saying goodbye. VM crash?\n");

        assertThat(lost()).isEqualTo("a test run of Sheepdog object store died during sheepdog.store.BadTest\n");
    }

    @Test
    void faultOfTheCompilerIsShown() throws IOException {
        assertThat(told("[ERROR] /x/Store.java:[7,1] cannot find symbol\n"))
                .contains("Store.java:[7,1] cannot find symbol");
    }

    @Test
    void failedAndSkippedTestsAreListedWithTheFirstLineOfTheirMessage() throws IOException {
        report("TEST-sheepdog.store.BadTest.xml", """
                <testsuite name="sheepdog.store.BadTest" time="1" tests="4" errors="1" skipped="1" failures="1">
                  <testcase name="good" classname="sheepdog.store.BadTest" time="0.1"/>
                  <testcase name="loses" classname="sheepdog.store.BadTest" time="0.1">
                    <failure message="&#10;expected: &quot;a&lt;b&quot;&#10; but was: 2" type="org.opentest4j.AssertionFailedError"><![CDATA[x]]></failure>
                  </testcase>
                  <testcase name="breaks" classname="sheepdog.store.BadTest" time="0.1">
                    <error type="java.lang.NullPointerException"/>
                  </testcase>
                  <testcase name="needs" classname="sheepdog.store.BadTest" time="0.1">
                    <skipped type="org.opentest4j.TestAbortedException"><![CDATA[org.opentest4j.TestAbortedException: Assumption failed: no root
                	at x]]></skipped>
                  </testcase>
                </testsuite>
                """);

        assertThat(run("list_tests failed 20", ""))
                .isEqualTo("  sheepdog.store.BadTest.loses: expected: \"a<b\"\n"
                        + "  sheepdog.store.BadTest.breaks: java.lang.NullPointerException\n");
        assertThat(run("list_tests skipped 20", ""))
                .isEqualTo("  sheepdog.store.BadTest.needs: Assumption failed: no root\n");
        assertThat(run("list_tests failed 1", "")).endsWith("  and 1 more\n");
        assertThat(run("count_tests 0", "")).isEqualTo("1 passed, 2 failed, 1 skipped\n");
        assertThat(run("count_tests 1", "")).as("a run that was lost").isEqualTo("1 passed, 3 failed, 1 skipped\n");
    }

    private String told(String maven) throws IOException {
        Files.writeString(folder.resolve("lost"), "");
        return run("tell_tests lost", maven);
    }

    private String lost() throws IOException {
        return Files.readString(folder.resolve("lost"));
    }

    private void report(String name, String text) throws IOException {
        Path reports = Files.createDirectories(folder.resolve("object-store/target/surefire-reports"));
        Files.writeString(reports.resolve(name), text);
    }

    private String run(String function, String input) {
        String script = "cd '" + folder + "' && . '" + Tools.repository().resolve("packaging/lib/report.sh") + "' && ";
        return Command.of("sh", "-c", script + function)
                .input(input.getBytes(StandardCharsets.UTF_8))
                .run()
                .succeeded()
                .out();
    }
}
