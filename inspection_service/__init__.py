"""Remote car inspection: from the order of a platform to a signed report that anybody can verify offline."""
