# SPDX-License-Identifier: Apache-2.0
"""The metric of docs/adding-a-metric.md is a row and a producer: with both, and with nothing else changed, the list has
it, its columns pass the tests of the list, and the producer makes it. Usage: adding_a_metric_test.py SOURCE COMPILER"""
import pathlib
import re
import subprocess
import sys
import tempfile

CHECK = """
namespace isolab {
namespace {
TEST(Page, TheProducerMakesTheRowsMetric) {
  const Labels labels{{"arm", "idle"}, {"cpu", "all"}};
  const Metric metric = NAME(labels, 30, 40, 2);
  ASSERT_NE(find_metric_info("NAME"), nullptr);
  EXPECT_EQ(metric.name, "NAME");
  EXPECT_EQ(metric.value, 75);
  for (const auto& label : find_metric_info("NAME")->labels) EXPECT_TRUE(labels.contains(label));
  EXPECT_FALSE(NAME(labels, 0, 0, 2).not_applicable.empty());
}
}  // namespace
}  // namespace isolab
"""


def main(source, compiler):
    page = (source / "docs/adding-a-metric.md").read_text(encoding="utf-8")
    row, producer = re.findall(r"```cpp\n(.*?)```", page, re.DOTALL)
    name = re.match(r"METRIC\((\w+),", row)[1]
    with tempfile.TemporaryDirectory(prefix="isolab-metric-") as scratch:
        place = pathlib.Path(scratch)
        table = (source / "analysis/model/metrics.def").read_text(encoding="utf-8")
        with_row = table.replace("#undef AT_MOST", row + "\n#undef AT_MOST")
        assert with_row != table and name not in table
        (place / "analysis/model").mkdir(parents=True)
        (place / "analysis/model/metrics.def").write_text(with_row, encoding="utf-8")
        files = ["analysis/model/metric_list.cpp", "analysis/metrics/rates.cpp", "analysis/statistics/counts.cpp",
                 "analysis/statistics/distributions.cpp", "tests/unit/analysis/model/metric_list_test.cpp"]
        (place / "page.cpp").write_text("".join(f'#include "{file}"\n' for file in files) +
                                        f"namespace isolab {{\n{producer}}}\n" + CHECK.replace("NAME", name),
                                        encoding="utf-8")
        program = place / "page"
        subprocess.run([compiler, "-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", f"-I{place}", f"-I{source}",
                        f'-DISOLAB_SOURCE_DIR="{source}"', place / "page.cpp", "-o", program,
                        "-lgmock_main", "-lgmock", "-lgtest", "-lfmt", "-lpthread"], check=True)
        return subprocess.run([program, "--gtest_brief=1"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]))
