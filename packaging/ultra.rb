# `task release` fills in the version, the address and the sums, and leaves the result in dist/release/ultra.rb.
class Ultra < Formula
  desc "Moves files between two computers: encrypted, verified, resumable"
  homepage "@RELEASES@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    on_arm do
      url "@RELEASES@/ultra-macos-arm64"
      sha256 "@SUM ultra-macos-arm64@"
    end
    on_intel do
      url "@RELEASES@/ultra-macos-x64"
      sha256 "@SUM ultra-macos-x64@"
    end
  end

  on_linux do
    on_arm do
      url "@RELEASES@/ultra-linux-arm64"
      sha256 "@SUM ultra-linux-arm64@"
    end
    on_intel do
      url "@RELEASES@/ultra-linux-x64"
      sha256 "@SUM ultra-linux-x64@"
    end
  end

  def install
    bin.install Dir["ultra-*"].first => "ultra"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/ultra --version")
  end
end
